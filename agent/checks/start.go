package checks

import (
	"context"
	"fmt"
	"time"

	"imgmgr/agent/guest"
)

// How long the start command is watched where no ready command tells when it is at work.
const startWatch = 20 * time.Second

// start is judged behind `ready`: the start command may fail as long as that is waited for.
var start = Check{ID: "start", Title: "The start command does not fail", Severity: Fail, Limit: startWatch + 10*time.Second,
	Run: func(ctx context.Context, g *guest.Guest) Finding {
		if g.Job.Start == "" {
			return notApplicable("no command was given")
		}
		process, began := g.Started, g.Now()
		if process == nil {
			return broken("it could not be started: %s", g.NotStarted)
		}
		if g.Job.Ready == "" {
			within, cancel := context.WithTimeout(ctx, startWatch)
			defer cancel()
			select {
			case <-process.Ended:
			case <-within.Done():
			}
		}
		last := tailOf(process.Last())
		facts := map[string]string{"start.output": last}
		select {
		case <-process.Ended:
			facts["start.ended"] = orZero(process.Result)
			if process.Result != "" {
				return fail("it ended with %s: %s", process.Result, said(last)).with(facts)
			}
			return pass("it ended with 0").with(facts)
		default:
			facts["start.ended"] = "no"
			if g.Job.Ready == "" {
				return pass("it is at work after %s", g.Now().Sub(began).Round(time.Second)).with(facts)
			}
			return pass("it is at work").with(facts)
		}
	}}

// launch starts the start command of the job; what keeps it from that is the answer of the check `start`.
func launch(g *guest.Guest) {
	process, err := g.Start("/bin/sh", "-c", g.Job.Start)
	if err != nil {
		g.NotStarted = err.Error()
		return
	}
	g.Started = process
}

func orZero(result string) string {
	if result == "" {
		return "0"
	}
	return result
}

// Characters of a command's last output that a detail has room for, and the start of the detail before them.
const longestOutput = 300

// tailOf returns the end of an output; Clean makes one line of it.
func tailOf(output string) string {
	letters := []rune(output)
	if len(letters) <= longestOutput {
		return output
	}
	return "…" + string(letters[len(letters)-longestOutput+1:])
}

// said is the output in the words of a detail.
func said(output string) string {
	if output == "" {
		return "it said nothing"
	}
	return fmt.Sprintf("it said last: %s", output)
}
