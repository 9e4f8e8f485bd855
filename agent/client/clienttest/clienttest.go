// Package clienttest plays imgmgr's listener for the agent's tests.
package clienttest

import (
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
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/metadata"
	"google.golang.org/protobuf/proto"

	"imgmgr/agent/verifyv1"
)

// ServerName stands in every certificate.
const ServerName = "imgmgr.invalid"

// Listener answers reports with Answers, in turn, then accepts.
type Listener struct {
	verifyv1.UnimplementedVerificationServer
	Answers []error
	// How far the listener's clock is behind.
	Behind time.Duration

	mutex   sync.Mutex
	encoded [][]byte
	reports []*verifyv1.ReportRequest
	hellos  []*verifyv1.HelloRequest
	names   []string
	shown   []string
}

// Hello keeps what was said and gives the time.
func (l *Listener) Hello(ctx context.Context, hello *verifyv1.HelloRequest) (*verifyv1.HelloReply, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	l.hellos = append(l.hellos, hello)
	l.shown = append(l.shown, metadata.ValueFromIncomingContext(ctx, "authorization")...)
	return &verifyv1.HelloReply{NowUnixMs: time.Now().Add(-l.Behind).UnixMilli()}, nil
}

// Report keeps what arrived and answers.
func (l *Listener) Report(_ context.Context, report *verifyv1.ReportRequest) (*verifyv1.ReportReply, error) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	// The order of a map is free, so what arrived is compared after the same encoding.
	encoded, _ := proto.MarshalOptions{Deterministic: true}.Marshal(report)
	l.encoded = append(l.encoded, encoded)
	l.reports = append(l.reports, report)
	if len(l.Answers) > 0 {
		answer := l.Answers[0]
		l.Answers = l.Answers[1:]
		return nil, answer
	}
	return &verifyv1.ReportReply{Accepted: true}, nil
}

// Encoded returns every report that arrived, encoded in the same way.
func (l *Listener) Encoded() [][]byte {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.encoded
}

// Reports returns every report that arrived.
func (l *Listener) Reports() []*verifyv1.ReportRequest {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.reports
}

// Hellos returns every greeting that arrived.
func (l *Listener) Hellos() []*verifyv1.HelloRequest {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.hellos
}

// Shown returns the server names and the credentials of greetings.
func (l *Listener) Shown() (names, credentials []string) {
	l.mutex.Lock()
	defer l.mutex.Unlock()
	return l.names, l.shown
}

// Certificate makes one that is valid between the two times, and its PEM.
func Certificate(t *testing.T, from, to time.Time) (tls.Certificate, string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: ServerName},
		DNSNames: []string{ServerName}, NotBefore: from, NotAfter: to, IsCA: true, BasicConstraintsValid: true}
	der, err := x509.CreateCertificate(rand.Reader, &template, &template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	text := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, string(text)
}

// Good makes a certificate that is valid now.
func Good(t *testing.T) (tls.Certificate, string) {
	t.Helper()
	return Certificate(t, time.Now().Add(-time.Hour), time.Now().Add(time.Hour))
}

// Serve starts a listener with that certificate and gives its address.
func Serve(t *testing.T, l *Listener, own tls.Certificate) string {
	t.Helper()
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	config := &tls.Config{GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
		l.mutex.Lock()
		defer l.mutex.Unlock()
		l.names = append(l.names, hello.ServerName)
		return &own, nil
	}}
	server := grpc.NewServer(grpc.Creds(credentials.NewTLS(config)))
	verifyv1.RegisterVerificationServer(server, l)
	go func() { _ = server.Serve(socket) }()
	t.Cleanup(server.Stop)
	return socket.Addr().String()
}
