package checks

import (
	"context"
	"fmt"
	"time"

	"imgmgr/agent/guest"
)

const (
	clockWrong  = 5 * time.Second
	clockDrifts = time.Second
)

var clock = Check{ID: "clock", Title: "The clock is right to five seconds", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		switch {
		case g.ClockOffset == nil:
			return broken("imgmgr was not reached, so there is nothing to compare with")
		case g.ClockOffset.Abs() > clockWrong:
			return fail("%s", clockText(g))
		}
		return pass("%s", clockText(g))
	}}

func clockText(g *guest.Guest) string {
	return fmt.Sprintf("it differs by %s from imgmgr's", g.ClockOffset.Round(time.Millisecond))
}
