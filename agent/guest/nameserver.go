package guest

import (
	"context"
	"crypto/rand"
	"errors"
	"net"
	"net/netip"
	"time"
)

// The two questions: the name servers of the root, which a resolver knows or asks for, and the address of localhost, which it need not
// ask anybody for (RFC 6761). Type and class follow the name.
var questions = [][]byte{
	{0, 0, 2, 0, 1},
	append([]byte("\x09localhost\x00"), 0, 1, 0, 1),
}

// AskNameserver returns nil as soon as the server gives any answer over UDP, a refusal, too. It asks twice and waits for each answer
// as long as given, or until the context ends.
func AskNameserver(ctx context.Context, server netip.AddrPort, each time.Duration) error {
	var last error
	for _, question := range questions {
		if ctx.Err() != nil {
			break
		}
		if last = askOnce(server, question, deadline(ctx, each)); last == nil {
			return nil
		}
	}
	if last == nil {
		return ctx.Err()
	}
	return last
}

func deadline(ctx context.Context, each time.Duration) time.Time {
	end := time.Now().Add(each)
	if given, ok := ctx.Deadline(); ok && given.Before(end) {
		return given
	}
	return end
}

func askOnce(server netip.AddrPort, question []byte, end time.Time) error {
	// A connected socket takes packets of this server only, and hears that nobody listens there.
	socket, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(server))
	if err != nil {
		return reason(err)
	}
	defer socket.Close()
	if err := socket.SetDeadline(end); err != nil {
		return err
	}
	id := make([]byte, 2)
	if _, err := rand.Read(id); err != nil {
		return err
	}
	// Recursion is wanted; one question (RFC 1035, section 4.1.1).
	query := append([]byte{id[0], id[1], 1, 0, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
	if _, err := socket.Write(query); err != nil {
		return reason(err)
	}
	for answer := make([]byte, 4096); ; {
		n, err := socket.Read(answer)
		if err != nil {
			return reason(err)
		}
		if n >= 12 && answer[0] == id[0] && answer[1] == id[1] && answer[2]&0x80 != 0 {
			return nil
		}
	}
}

// reason leaves out the addresses, which the caller names.
func reason(err error) error {
	var timeout net.Error
	if errors.As(err, &timeout) && timeout.Timeout() {
		return errors.New("no answer in time")
	}
	var operation *net.OpError
	if errors.As(err, &operation) {
		return operation.Err
	}
	return err
}
