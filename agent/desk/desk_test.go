package desk

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"net"
	"sync"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"imgmgr/agent/job"
	"imgmgr/agent/verifyv1"
)

// listener plays imgmgr: it answers reports with what it is told, in turn, then accepts.
type listener struct {
	verifyv1.UnimplementedVerificationServer
	mutex   sync.Mutex
	answers []error
	reports [][]byte
	ahead   time.Duration
}

func (l *listener) Hello(context.Context, *verifyv1.HelloRequest) (*verifyv1.HelloReply, error) {
	return &verifyv1.HelloReply{NowUnixMs: time.Now().Add(-l.ahead).UnixMilli()}, nil
}

func (l *listener) Report(_ context.Context, report *verifyv1.ReportRequest) (*verifyv1.ReportReply, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	// The order of a map is free, so what arrived is compared after the same encoding.
	encoded, _ := proto.MarshalOptions{Deterministic: true}.Marshal(report)
	l.reports = append(l.reports, encoded)
	if len(l.answers) > 0 {
		answer := l.answers[0]
		l.answers = l.answers[1:]
		return nil, answer
	}
	return &verifyv1.ReportReply{Accepted: true}, nil
}

func certificate(t *testing.T, from, to time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "imgmgr.invalid"},
		DNSNames: []string{"imgmgr.invalid"}, NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text)
}

// serve starts a listener with that certificate and gives its address.
func serve(t *testing.T, l *listener, own tls.Certificate) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(&tls.Config{Certificates: []tls.Certificate{own}})))
	verifyv1.RegisterVerificationServer(server, l)
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(server.Stop)
	return socket.Addr().String()
}

func open(t *testing.T, address, certificate string) *Desk {
	t.Helper()
	d, err := Open(&job.Job{Address: address, Certificate: certificate, ServerName: "imgmgr.invalid"})
	if err != nil {
		t.Fatal(err)
	}
	d.firstPause = 10 * time.Millisecond
	t.Cleanup(func() { _ = d.Close() })
	return d
}

func limited(t *testing.T, limit time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	t.Cleanup(cancel)
	return ctx
}

var said = &verifyv1.ReportRequest{
	Identity: &verifyv1.Identity{Run: "r", Token: "t", Server: "s", AgentVersion: "1"},
	Checks:   []*verifyv1.CheckResult{{Id: "dns", Outcome: verifyv1.Outcome_OUTCOME_PASS}},
	Facts:    map[string]string{"a": "1", "b": "2", "c": "3", "d": "4", "e": "5"},
}

func good(t *testing.T) (tls.Certificate, string) {
	return certificate(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

func TestAReportIsDelivered(t *testing.T) {
	own, text := good(t)
	l := &listener{}
	if err := open(t, serve(t, l, own), text).Report(limited(t, 20*time.Second), said); err != nil {
		t.Fatal(err)
	}
	if len(l.reports) != 1 {
		t.Fatalf("%d reports arrived", len(l.reports))
	}
}

func TestALostReplyIsFollowedByTheSameBytes(t *testing.T) {
	own, text := good(t)
	l := &listener{answers: []error{status.Error(codes.Unavailable, "gone"), status.Error(codes.DeadlineExceeded, "late")}}
	if err := open(t, serve(t, l, own), text).Report(limited(t, 20*time.Second), said); err != nil {
		t.Fatal(err)
	}
	if len(l.reports) != 3 || !bytes.Equal(l.reports[0], l.reports[1]) || !bytes.Equal(l.reports[1], l.reports[2]) {
		t.Fatalf("%d reports arrived, and not the same", len(l.reports))
	}
}

func TestARefusalIsFinal(t *testing.T) {
	for _, code := range []codes.Code{codes.Unauthenticated, codes.InvalidArgument, codes.AlreadyExists} {
		own, text := good(t)
		l := &listener{answers: []error{status.Error(code, "no")}}
		err := open(t, serve(t, l, own), text).Report(limited(t, 20*time.Second), said)
		if status.Code(err) != code || len(l.reports) != 1 {
			t.Errorf("%v: %v after %d reports", code, err, len(l.reports))
		}
	}
}

func TestOnlyTheCertificateOfTheJobIsTaken(t *testing.T) {
	own, _ := good(t)
	_, other := good(t)
	l := &listener{}
	err := open(t, serve(t, l, own), other).Report(limited(t, time.Second), said)
	if err == nil || len(l.reports) != 0 {
		t.Fatalf("%d reports reached somebody else: %v", len(l.reports), err)
	}
}

func TestTheDatesOfTheCertificateDoNotCount(t *testing.T) {
	for _, shift := range []time.Duration{-1000 * time.Hour, 1000 * time.Hour} {
		own, text := certificate(t, time.Now().Add(shift-time.Hour), time.Now().Add(shift+time.Hour))
		if err := open(t, serve(t, &listener{}, own), text).Report(limited(t, 20*time.Second), said); err != nil {
			t.Errorf("%v: %v", shift, err)
		}
	}
}

func TestHelloTellsHowFarTheClocksAreApart(t *testing.T) {
	own, text := good(t)
	d := open(t, serve(t, &listener{ahead: time.Hour}, own), text)
	offset, err := d.Hello(limited(t, 20*time.Second), said.GetIdentity(), time.Now)
	if err != nil || (offset-time.Hour).Abs() > 5*time.Second {
		t.Fatalf("%v, %v", offset, err)
	}
}

func TestNobodyThereEndsWithTheDeadline(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := socket.Addr().String()
	_ = socket.Close()
	_, text := good(t)
	began := time.Now()
	err = open(t, address, text).Report(limited(t, time.Second), said)
	if !Unreachable(err) || time.Since(began) > 10*time.Second {
		t.Fatalf("%v after %v", err, time.Since(began))
	}
}

func TestACertificateThatIsNoneIsRefused(t *testing.T) {
	if _, err := Open(&job.Job{Address: "127.0.0.1:1", Certificate: "nothing"}); err == nil {
		t.Fatal("it was taken")
	}
}
