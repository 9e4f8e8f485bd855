package checks

import (
	"context"
	"errors"
	"fmt"
	"time"

	"imgmgr/agent/guest"
)

// Between the end of one try and the next.
const readyPause = 2 * time.Second

// Time for a try, however late the other checks have ended.
const leastReady = 5 * time.Second

var errStartFailed = errors.New("the start command failed")

// ready may take all the time that the run has left: the command is tried until it succeeds, or until the start command has failed.
var ready = Check{ID: "ready", Title: "The given command succeeds", Severity: Fail, Limit: 24 * time.Hour,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if g.Job.Ready == "" {
			return notApplicable("no command was given")
		}
		within, stop := context.WithCancelCause(ctx)
		defer stop(nil)
		if !g.Until.IsZero() {
			until := g.Until
			if least := time.Now().Add(leastReady); until.Before(least) {
				until = least
			}
			limited, cancel := context.WithDeadline(within, until)
			defer cancel()
			within = limited
		}
		if g.Started != nil {
			go func() {
				select {
				case <-g.Started.Ended:
					if g.Started.Failed() {
						stop(errStartFailed)
					}
				case <-within.Done():
				}
			}()
		}
		return tryUntilReady(within, g)
	}}

func tryUntilReady(ctx context.Context, g *guest.Guest) Finding {
	began := g.Now()
	// What the last try that ended came to; of none, what was heard so far.
	var output guest.Output
	hasEnded := false
	for tries := 1; ; tries++ {
		now, err := g.Exec(ctx, "/bin/sh", "-c", g.Job.Ready)
		ended := err == nil
		if ended || !hasEnded {
			output = now
		}
		hasEnded = hasEnded || ended
		took := g.Now().Sub(began).Round(100 * time.Millisecond)
		last := tailOf(output.Last)
		facts := map[string]string{"ready.tries": fmt.Sprint(tries), "ready.waited_ms": fmt.Sprint(took.Milliseconds()), "ready.output": last}
		switch {
		case ended && now.Code == 0:
			return pass("it ended with 0 at try %d, after %s", tries, took).with(facts)
		case !ended && ctx.Err() == nil:
			return broken("it could not be tried: %v", err).with(facts)
		case ended && g.Sleep(ctx, readyPause) == nil:
			continue
		case context.Cause(ctx) == errStartFailed:
			return fail("given up at try %d, since the start command failed", tries).with(facts)
		case !hasEnded:
			return fail("not ready after %s, try %d did not end; %s", took, tries, said(last)).with(facts)
		case !ended:
			return fail("not ready after %s and %d tries, the last one that ended did so with %d; %s", took, tries, output.Code, said(last)).with(facts)
		}
		return fail("not ready after %s and %d tries, the last one ended with %d; %s", took, tries, output.Code, said(last)).with(facts)
	}
}
