package checks

import (
	"context"

	"imgmgr/agent/guest"
)

// clockDrift leaves what is over five seconds to `clock`.
var clockDrift = Check{ID: "clock-drift", Title: "The clock is right to a second", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		switch {
		case g.ClockOffset == nil:
			return notApplicable("imgmgr was not reached, so there is nothing to compare with")
		case g.ClockOffset.Abs() > clockWrong:
			return notApplicable("the check clock has said it")
		case g.ClockOffset.Abs() > clockDrifts:
			return fail("%s", clockText(g))
		}
		return pass("%s", clockText(g))
	}}
