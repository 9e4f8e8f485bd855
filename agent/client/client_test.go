package client

import (
	"bytes"
	"context"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"imgmgr/agent/client/clienttest"
	"imgmgr/agent/job"
	"imgmgr/agent/verifyv1"
)

func open(t *testing.T, address, certificate string) *Desk {
	t.Helper()
	d, err := Open(&job.Job{Address: address, Certificate: certificate, ServerName: clienttest.ServerName})
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

func TestAReportIsDelivered(t *testing.T) {
	own, text := clienttest.Good(t)
	l := &clienttest.Listener{}
	if err := open(t, clienttest.Serve(t, l, own), text).Report(limited(t, 20*time.Second), said); err != nil {
		t.Fatal(err)
	}
	if len(l.Encoded()) != 1 {
		t.Fatalf("%d reports arrived", len(l.Encoded()))
	}
}

func TestALostReplyIsFollowedByTheSameBytes(t *testing.T) {
	own, text := clienttest.Good(t)
	l := &clienttest.Listener{Answers: []error{status.Error(codes.Unavailable, "gone"), status.Error(codes.DeadlineExceeded, "late")}}
	if err := open(t, clienttest.Serve(t, l, own), text).Report(limited(t, 20*time.Second), said); err != nil {
		t.Fatal(err)
	}
	if len(l.Encoded()) != 3 || !bytes.Equal(l.Encoded()[0], l.Encoded()[1]) || !bytes.Equal(l.Encoded()[1], l.Encoded()[2]) {
		t.Fatalf("%d reports arrived, and not the same", len(l.Encoded()))
	}
}

func TestARefusalIsFinal(t *testing.T) {
	for _, code := range []codes.Code{codes.Unauthenticated, codes.InvalidArgument, codes.AlreadyExists} {
		own, text := clienttest.Good(t)
		l := &clienttest.Listener{Answers: []error{status.Error(code, "no")}}
		err := open(t, clienttest.Serve(t, l, own), text).Report(limited(t, 20*time.Second), said)
		if status.Code(err) != code || len(l.Encoded()) != 1 {
			t.Errorf("%v: %v after %d reports", code, err, len(l.Encoded()))
		}
	}
}

func TestOnlyTheCertificateOfTheJobIsTaken(t *testing.T) {
	own, _ := clienttest.Good(t)
	_, other := clienttest.Good(t)
	l := &clienttest.Listener{}
	err := open(t, clienttest.Serve(t, l, own), other).Report(limited(t, time.Second), said)
	if err == nil || len(l.Encoded()) != 0 {
		t.Fatalf("%d reports reached somebody else: %v", len(l.Encoded()), err)
	}
}

func TestTheDatesOfTheCertificateDoNotCount(t *testing.T) {
	for _, shift := range []time.Duration{-1000 * time.Hour, 1000 * time.Hour} {
		own, text := clienttest.Certificate(t, time.Now().Add(shift-time.Hour), time.Now().Add(shift+time.Hour))
		if err := open(t, clienttest.Serve(t, &clienttest.Listener{}, own), text).Report(limited(t, 20*time.Second), said); err != nil {
			t.Errorf("%v: %v", shift, err)
		}
	}
}

func TestHelloTellsHowFarTheClocksAreApart(t *testing.T) {
	own, text := clienttest.Good(t)
	d := open(t, clienttest.Serve(t, &clienttest.Listener{Behind: time.Hour}, own), text)
	offset, err := d.Hello(limited(t, 20*time.Second), said.GetIdentity(), time.Now)
	if err != nil || (offset-time.Hour).Abs() > 5*time.Second {
		t.Fatalf("%v, %v", offset, err)
	}
}

func TestS9TheMarkOfThePlaceAndTheTokenComeBeforeTheMessage(t *testing.T) {
	own, text := clienttest.Good(t)
	l := &clienttest.Listener{}
	token := strings.Repeat("0123456789abcdef", 4)
	d, err := Open(&job.Job{Address: clienttest.Serve(t, l, own), Certificate: text, ServerName: clienttest.ServerName, Token: token})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	if _, err := d.Hello(limited(t, 20*time.Second), said.GetIdentity(), time.Now); err != nil {
		t.Fatal(err)
	}
	names, credentials := l.Shown()
	// The same mark as in test/unit/verify/flood.test.ts.
	if !slices.Equal(names, []string{"b3ee4dc1e9f8bb4b9f07aae222db5d29." + clienttest.ServerName}) {
		t.Errorf("server names %v", names)
	}
	if !slices.Equal(credentials, []string{"Bearer " + token}) {
		t.Errorf("%d credentials", len(credentials))
	}
}

func TestNobodyThereEndsWithTheDeadline(t *testing.T) {
	socket, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := socket.Addr().String()
	_ = socket.Close()
	_, text := clienttest.Good(t)
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
