// Package client speaks with the imgmgr that waits for this guest's report.
package client

import (
	"bytes"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"imgmgr/agent/job"
	"imgmgr/agent/verifyv1"
)

const (
	attemptLimit = 10 * time.Second
	firstPause   = 500 * time.Millisecond
	longestPause = 5 * time.Second
)

// Desk is a connection that is made when it is needed, and again when it broke.
type Desk struct {
	connection *grpc.ClientConn
	firstPause time.Duration
}

// Open takes the job's certificate, byte for byte, for the only good one: its dates are not looked at, since the guest's clock may be wrong.
func Open(j *job.Job) (*Desk, error) {
	pinned, err := j.CertificateDER()
	if err != nil {
		return nil, err
	}
	config := &tls.Config{
		ServerName:         placeMark(j.Token) + "." + j.ServerName,
		MinVersion:         tls.VersionTLS12,
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection is stricter.
		VerifyConnection: func(state tls.ConnectionState) error {
			if len(state.PeerCertificates) == 0 || !bytes.Equal(state.PeerCertificates[0].Raw, pinned) {
				return errors.New("the listener's certificate is not that of the job")
			}
			return nil
		},
	}
	if _, err := x509.ParseCertificate(pinned); err != nil {
		return nil, fmt.Errorf("job field certificate: %w", err)
	}
	connection, err := grpc.NewClient("passthrough:///"+j.Address,
		grpc.WithTransportCredentials(credentials.NewTLS(config)),
		grpc.WithPerRPCCredentials(bearer(j.Token)),
		grpc.WithNoProxy(),
		grpc.WithDisableServiceConfig(),
		grpc.WithConnectParams(grpc.ConnectParams{
			Backoff:           backoff.Config{BaseDelay: 200 * time.Millisecond, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 2 * time.Second},
			MinConnectTimeout: 5 * time.Second,
		}))
	if err != nil {
		return nil, err
	}
	return &Desk{connection: connection, firstPause: firstPause}, nil
}

// placeMark is the server name's first label, by which the listener keeps a place for this guest among many connections. It can be read on
// the way, so it is good for nothing else (src/verify/ticket.ts makes the same).
func placeMark(token string) string {
	sum := sha256.Sum256([]byte("imgmgr place " + token))
	return hex.EncodeToString(sum[:16])
}

// bearer shows the token before the message of each call, so that the listener need not read messages of strangers.
type bearer string

func (b bearer) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(b)}, nil
}

func (bearer) RequireTransportSecurity() bool { return true }

// Close ends the connection.
func (d *Desk) Close() error { return d.connection.Close() }

// Hello says the first word once and returns by how much the guest's clock is ahead of imgmgr's.
func (d *Desk) Hello(ctx context.Context, who *verifyv1.Identity, now func() time.Time) (time.Duration, error) {
	within, cancel := context.WithTimeout(ctx, attemptLimit)
	defer cancel()
	// The measured round trip should not contain the making of the connection: that is what the first of two calls is for.
	began, mark := now(), time.Now()
	reply, err := verifyv1.NewVerificationClient(d.connection).Hello(within, &verifyv1.HelloRequest{Identity: who}, grpc.WaitForReady(true))
	if err != nil {
		return 0, err
	}
	return began.Add(time.Since(mark) / 2).Sub(time.UnixMilli(reply.GetNowUnixMs())), nil
}

// Report delivers the report, the same bytes in every attempt, until it is taken, refused for good, or the context ends.
func (d *Desk) Report(ctx context.Context, report *verifyv1.ReportRequest) error {
	message, err := proto.MarshalOptions{Deterministic: true}.Marshal(report)
	if err != nil {
		return err
	}
	var last error
	for pause := d.firstPause; ; pause = min(2*pause, longestPause) {
		var reply verifyv1.ReportReply
		within, cancel := context.WithTimeout(ctx, attemptLimit)
		err := d.connection.Invoke(within, verifyv1.Verification_Report_FullMethodName, frozen(message), &reply,
			grpc.ForceCodec(codec{}), grpc.WaitForReady(true))
		cancel()
		switch {
		case err == nil && reply.GetAccepted():
			return nil
		case err == nil:
			return errors.New("imgmgr did not accept the report")
		case Final(err):
			return err
		case last == nil || ctx.Err() == nil:
			last = err
		}
		select {
		case <-ctx.Done():
			return last
		case <-time.After(pause):
		}
	}
}

// Final reports whether no repeat will change the answer.
func Final(err error) bool {
	switch status.Code(err) {
	case codes.Unauthenticated, codes.PermissionDenied, codes.InvalidArgument, codes.AlreadyExists, codes.FailedPrecondition,
		codes.NotFound, codes.OutOfRange, codes.Unimplemented:
		return true
	}
	return false
}

// Unreachable reports whether nobody answered at all.
func Unreachable(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.DeadlineExceeded
}

// frozen is a message that was encoded before: protobuf may encode the same map in another order every time.
type frozen []byte

type codec struct{}

func (codec) Name() string { return "proto" }

func (codec) Marshal(value any) ([]byte, error) {
	message, ok := value.(frozen)
	if !ok {
		return nil, fmt.Errorf("%T is not an encoded message", value)
	}
	return message, nil
}

func (codec) Unmarshal(data []byte, value any) error {
	message, ok := value.(proto.Message)
	if !ok {
		return fmt.Errorf("%T is not a message", value)
	}
	return proto.Unmarshal(data, message)
}
