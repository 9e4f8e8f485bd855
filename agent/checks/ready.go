package checks

import (
	"context"
	"strings"
	"time"

	"imgmgr/agent/guest"
)

// ready may take all the time that the run has left.
var ready = Check{ID: "ready", Title: "The given command succeeds", Severity: Fail, Limit: 24 * time.Hour,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if g.Job.Ready == "" {
			return notApplicable("no command was given")
		}
		output, err := g.Exec(ctx, "/bin/sh", "-c", g.Job.Ready)
		lines := strings.Split(output.Text, "\n")
		last := lines[len(lines)-1]
		switch {
		case err != nil:
			return fail("it did not end: %v", err)
		case output.Code != 0:
			return fail("it ended with %d: %s", output.Code, last)
		}
		return pass("it ended with 0")
	}}
