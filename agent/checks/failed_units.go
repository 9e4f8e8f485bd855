package checks

import (
	"context"
	"strings"

	"imgmgr/agent/guest"
)

var failedUnits = Check{ID: "failed-units", Title: "No systemd unit has failed", Severity: Fail,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if !g.HasSystemd() {
			return notApplicable("no systemd")
		}
		output, err := g.Exec(ctx, "systemctl", "list-units", "--state=failed", "--no-legend", "--plain", "--no-pager")
		if err != nil || output.Code != 0 {
			return broken("systemctl list-units ended with %d (%v)", output.Code, err)
		}
		var wrong []string
		for line := range strings.SplitSeq(output.Text, "\n") {
			if fields := strings.Fields(line); len(fields) > 0 {
				wrong = append(wrong, fields[0])
			}
		}
		return verdict(wrong, "none")
	}}
