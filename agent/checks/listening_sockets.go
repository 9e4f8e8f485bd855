package checks

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"imgmgr/agent/guest"
)

// In /proc/net: 0A is a listening TCP socket, 07 a UDP socket that is not connected. Open to others may be SSH and DHCP clients.
var listening = map[string]struct {
	state   string
	allowed []uint64
}{
	"tcp": {"0A", []uint64{22}}, "tcp6": {"0A", []uint64{22}},
	"udp": {"07", []uint64{68}}, "udp6": {"07", []uint64{546}},
}

var listeningSockets = Check{ID: "listening-sockets", Title: "Nothing but SSH listens to others", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/proc/net/tcp", "/proc/net/udp") {
			return notApplicable("no /proc/net")
		}
		var wrong []string
		for _, kind := range []string{"tcp", "tcp6", "udp", "udp6"} {
			rule := listening[kind]
			for _, line := range g.Lines("/proc/net/" + kind) {
				fields := strings.Fields(line)
				if len(fields) < 4 || fields[3] != rule.state {
					continue
				}
				host, portText, _ := strings.Cut(fields[1], ":")
				port, err := strconv.ParseUint(portText, 16, 16)
				if err == nil && !isLoopback(host) && !slices.Contains(rule.allowed, port) {
					wrong = append(wrong, fmt.Sprintf("%s/%d", kind, port))
				}
			}
		}
		slices.Sort(wrong)
		return verdict(slices.Compact(wrong), "none besides")
	}}

// isLoopback reads an address as /proc/net has it: words of four bytes, each with its last byte first. It is good for the little-endian
// machines that the agent is built for.
func isLoopback(address string) bool {
	return len(address) == 8 && strings.HasSuffix(address, "7F") || address == "00000000000000000000000001000000" ||
		strings.HasPrefix(address, "0000000000000000FFFF0000") && strings.HasSuffix(address, "7F") ||
		strings.HasPrefix(address, "000080FE")
}
