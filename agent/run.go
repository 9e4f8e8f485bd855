package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"strings"
	"time"

	"imgmgr/agent/checks"
	"imgmgr/agent/client"
	"imgmgr/agent/guest"
	"imgmgr/agent/identity"
	"imgmgr/agent/job"
	"imgmgr/agent/up"
	"imgmgr/agent/verifyv1"
)

const (
	// What is kept of the deadline for checks and report when the guest does not come up, at most a third of it.
	reserve = 60 * time.Second
	// How long the checks wait for a network that has not come although the guest is up.
	networkPatience = 15 * time.Second
	helloPause      = time.Second
)

// agent is one run; its functions are what tests replace.
type agent struct {
	guest   *guest.Guest
	service string
	say     func(line string)
}

// run does the job and returns the process's exit code: 0 for a report that was accepted.
func (a *agent) run(parent context.Context) int {
	j := a.guest.Job
	began := time.Now()
	whole := time.Duration(j.DeadlineSeconds) * time.Second
	ctx, cancel := context.WithDeadline(parent, began.Add(whole))
	defer cancel()
	line, err := client.Open(j)
	if err != nil {
		a.say("IMGMGR-AGENT " + err.Error())
		return 1
	}
	defer line.Close()

	patience, stop := context.WithDeadline(ctx, began.Add(whole-min(reserve, whole/3)))
	defer stop()
	greeted := make(chan identity.Identity, 1)
	greeting, hush := context.WithCancel(patience)
	defer hush()
	go func() { greeted <- a.greet(greeting, line) }()
	waitedFor := up.Wait(patience, a.guest)
	waited := time.Since(began)

	var who identity.Identity
	select {
	case who = <-greeted:
	case <-time.After(min(networkPatience, time.Until(began.Add(whole))/2)):
		hush()
		who = <-greeted
	}
	a.measureClock(ctx, line, who)
	if parent.Err() != nil {
		return interrupted
	}

	a.guest.Until = readyUntil(a.guest, min(reserve, whole/3)/4)
	checking := time.Now()
	within, ended := context.WithDeadline(ctx, began.Add(whole-min(reserve, whole/3)/4))
	results := checks.RunAll(within, a.guest, j.Off)
	ended()
	report := &verifyv1.ReportRequest{
		Identity:  a.identity(who),
		Facts:     facts(ctx, a.guest, who),
		WaitedMs:  millis(waited),
		CheckedMs: millis(time.Since(checking)),
	}
	if waitedFor != "" {
		report.Facts["waited_for"] = waitedFor
	}
	for _, result := range results {
		report.Checks = append(report.Checks, &verifyv1.CheckResult{
			Id: result.ID, Outcome: verifyv1.Outcome(result.Outcome), Detail: result.Detail, Millis: millis(result.Took),
		})
		maps.Copy(report.Facts, result.Facts)
	}
	if parent.Err() != nil {
		return interrupted
	}
	a.say(verdictLine(j, results))
	if err := line.Report(ctx, report); err != nil {
		if parent.Err() != nil {
			return interrupted
		}
		reason := checks.Clean(err.Error(), 300, a.guest)
		if client.Unreachable(err) {
			a.say("imgmgr-agent: listener cannot be reached: " + reason)
		} else {
			a.say("imgmgr-agent: the report was refused: " + reason)
		}
		return 1
	}
	return 0
}

const interrupted = 143

// readyUntil is when the report has to be made so that imgmgr waits still; zero where that is not known.
func readyUntil(g *guest.Guest, kept time.Duration) time.Time {
	if g.Job.UntilUnixMS == 0 || g.ClockOffset == nil {
		return time.Time{}
	}
	return time.Now().Add(time.UnixMilli(g.Job.UntilUnixMS).Add(*g.ClockOffset).Sub(g.Now()) - kept)
}

func (a *agent) identity(who identity.Identity) *verifyv1.Identity {
	return &verifyv1.Identity{Run: a.guest.Job.Run, Token: a.guest.Job.Token, Server: who.Server, AgentVersion: version}
}

// greet says hello until it is heard; what it knows of the server gets better while the network comes up.
func (a *agent) greet(ctx context.Context, line *client.Desk) identity.Identity {
	for {
		who := identity.Look(ctx, a.guest, a.service)
		_, err := line.Hello(ctx, a.identity(who), a.guest.Now)
		if err == nil && who.Sure() || err == nil && !a.guest.Job.Wants("metadata") || err != nil && client.Final(err) && who.Sure() {
			return who
		}
		if a.guest.Sleep(ctx, helloPause) != nil {
			return who
		}
	}
}

// measureClock takes the shortest of three round trips on a connection that is there already.
func (a *agent) measureClock(ctx context.Context, line *client.Desk, who identity.Identity) {
	within, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	shortest := time.Duration(math.MaxInt64)
	for range 3 {
		began := time.Now()
		offset, err := line.Hello(within, a.identity(who), a.guest.Now)
		if err != nil {
			return
		}
		if took := time.Since(began); took < shortest {
			shortest, a.guest.ClockOffset = took, &offset
		}
	}
}

// verdictLine is for people and for diagnosis: anybody in the guest can print it, so nothing is decided by it.
func verdictLine(j *job.Job, results []checks.Result) string {
	var failed []string
	for _, result := range results {
		if result.Severity == checks.Fail && (result.Outcome == checks.Failed || result.Outcome == checks.Broken) {
			failed = append(failed, result.ID)
		}
	}
	word, which := "pass", "none failed"
	if len(failed) > 0 {
		word, which = "fail", strings.Join(failed, " ")
	}
	return fmt.Sprintf("IMGMGR-VERDICT %s %s %d checks, %s", j.Run, word, len(results), which)
}

func millis(d time.Duration) uint32 {
	return uint32(min(max(d.Milliseconds(), 0), math.MaxUint32))
}
