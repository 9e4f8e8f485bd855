package guest

import (
	"context"
	"net"
	"net/netip"
	"slices"
	"testing"
	"time"
)

// nameserver answers each query with what reply makes of it, and gives its address.
func nameserver(t *testing.T, address string, reply func(query []byte, number int) []byte) netip.AddrPort {
	t.Helper()
	socket, err := net.ListenPacket("udp", address)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = socket.Close() })
	go func() {
		query := make([]byte, 512)
		for number := 1; ; number++ {
			n, from, err := socket.ReadFrom(query)
			if err != nil {
				return
			}
			if answer := reply(slices.Clone(query[:n]), number); answer != nil {
				_, _ = socket.WriteTo(answer, from)
			}
		}
	}()
	return netip.MustParseAddrPort(socket.LocalAddr().String())
}

func answered(code byte) func([]byte, int) []byte {
	return func(query []byte, _ int) []byte {
		query[2], query[3] = query[2]|0x80, code
		return query
	}
}

func TestR10AnyAnswerIsOneAlsoARefusal(t *testing.T) {
	for name, code := range map[string]byte{"NOERROR": 0, "FORMERR": 1, "SERVFAIL": 2, "NXDOMAIN": 3, "REFUSED": 5} {
		if err := AskNameserver(t.Context(), nameserver(t, "127.0.0.1:0", answered(code)), 20*time.Second); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := AskNameserver(t.Context(), nameserver(t, "[::1]:0", answered(0)), 20*time.Second); err != nil {
		t.Errorf("IPv6: %v", err)
	}
}

func TestR10AServerIsAskedTwice(t *testing.T) {
	second := func(query []byte, number int) []byte {
		if number == 1 {
			return nil
		}
		return answered(5)(query, number)
	}
	if err := AskNameserver(t.Context(), nameserver(t, "127.0.0.1:0", second), time.Second); err != nil {
		t.Error(err)
	}
}

func TestR10WhatIsNoAnswerToTheQuestionIsNone(t *testing.T) {
	for name, reply := range map[string]func([]byte, int) []byte{
		"silence":        func([]byte, int) []byte { return nil },
		"another number": func(query []byte, n int) []byte { query[0] ^= 1; return answered(0)(query, n) },
		"the question":   func(query []byte, _ int) []byte { return query },
		"too short":      func(query []byte, n int) []byte { return answered(0)(query, n)[:11] },
	} {
		if err := AskNameserver(t.Context(), nameserver(t, "127.0.0.1:0", reply), 50*time.Millisecond); err == nil {
			t.Errorf("%s was taken for an answer", name)
		}
	}
}

func TestR10NobodyThereIsNoAnswer(t *testing.T) {
	socket, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := netip.MustParseAddrPort(socket.LocalAddr().String())
	_ = socket.Close()
	if err := AskNameserver(t.Context(), address, 20*time.Second); err == nil {
		t.Error("a closed port gave an answer")
	}
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if err := AskNameserver(ended, address, 20*time.Second); err == nil {
		t.Error("an answer came after the end")
	}
}
