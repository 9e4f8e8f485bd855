package checks

import (
	"context"
	"strconv"
	"strings"
	"time"

	"imgmgr/agent/guest"
)

const slowBoot = 120 * time.Second

var bootTime = Check{ID: "boot-time", Title: "systemd is up within two minutes", Severity: Info,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if !g.HasSystemd() {
			return notApplicable("no systemd")
		}
		took, err := BootDuration(ctx, g)
		switch {
		case err != nil:
			return broken("systemctl show: %v", err)
		case took == 0:
			return notApplicable("systemd has not finished")
		case took > slowBoot:
			return fail("%s from the kernel's start", took.Round(time.Millisecond))
		}
		return pass("%s from the kernel's start", took.Round(time.Millisecond))
	}}

// BootDuration returns how long the kernel and systemd took to be up; 0 while they are not.
func BootDuration(ctx context.Context, g *guest.Guest) (time.Duration, error) {
	output, err := g.Exec(ctx, "systemctl", "show", "--property=FinishTimestampMonotonic", "--value")
	if err != nil {
		return 0, err
	}
	micros, err := strconv.ParseInt(strings.TrimSpace(output.Text), 10, 64)
	return time.Duration(micros) * time.Microsecond, err
}
