// Package up waits until a guest has booted as far as it will.
package up

import (
	"context"
	"strings"
	"time"

	"imgmgr/agent/guest"
)

// Wait returns when systemd and cloud-init have finished, so far as this guest has them, or when the time is over; then the error says
// what was still going on. A guest with neither is taken for up.
func Wait(ctx context.Context, g *guest.Guest) (reason string) {
	for {
		reason = busy(ctx, g)
		if reason == "" || g.Sleep(ctx, time.Second) != nil {
			return reason
		}
	}
}

func busy(ctx context.Context, g *guest.Guest) string {
	if g.CloudInit() == "" && !g.Exists("/run/cloud-init/result.json") && !doneThisBoot(g) {
		return "cloud-init has not finished"
	}
	if g.HasSystemd() {
		output, err := g.Exec(ctx, "systemctl", "is-system-running")
		switch state := strings.TrimSpace(output.Text); {
		case err != nil:
			return "systemctl: " + err.Error()
		case state == "initializing" || state == "starting":
			return "systemd is " + state
		}
	}
	return ""
}

// doneThisBoot does not take the mark of an earlier boot, which an image can have brought along.
func doneThisBoot(g *guest.Guest) bool {
	const mark = "/var/lib/cloud/instance/boot-finished"
	return g.Exists(mark) && g.MadeThisBoot(mark)
}
