package checks

import (
	"context"
	"strings"

	"imgmgr/agent/guest"
)

var guestAgent = Check{ID: "guest-agent", Title: "The QEMU guest agent runs where the image claims it", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		switch strings.ToLower(g.Property("hw_qemu_guest_agent")) {
		case "yes", "true", "1", "on":
		default:
			return notApplicable("hw_qemu_guest_agent is not set")
		}
		channel := g.Exists("/dev/virtio-ports/org.qemu.guest_agent.0")
		for _, path := range g.Glob("/sys/class/virtio-ports/*/name") {
			channel = channel || g.Text(path) == "org.qemu.guest_agent.0"
		}
		switch {
		case g.Processes()["qemu-ga"]:
			return pass("it runs")
		case !channel:
			return notApplicable("the server was given no channel for it")
		}
		return fail("the server has a channel for it, but no qemu-ga runs")
	}}
