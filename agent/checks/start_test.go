package checks

import (
	"context"
	"strings"
	"testing"
	"time"

	"imgmgr/agent/guest"
	"imgmgr/agent/job"
)

// serving is the live guest with these two commands, so that real processes are judged.
func serving(startCommand, readyCommand string) *guest.Guest {
	return guest.Live(&job.Job{Version: 1, Run: "r1", Token: token, Start: startCommand, Ready: readyCommand})
}

// others switches off everything but `start` and `ready`.
func others() []string {
	var ids []string
	for _, check := range Catalogue() {
		if check.ID != "start" && check.ID != "ready" {
			ids = append(ids, check.ID)
		}
	}
	return ids
}

// judged runs the two within the limit; outcomes and details by id.
func judged(t *testing.T, g *guest.Guest, limit time.Duration) map[string]Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	results := map[string]Result{}
	for _, result := range RunAll(ctx, g, others()) {
		results[result.ID] = result
	}
	return results
}

func expect(t *testing.T, result Result, outcome Outcome, detail string) {
	t.Helper()
	if result.Outcome != outcome || !strings.Contains(result.Detail, detail) {
		t.Errorf("%s: outcome %d instead of %d, %q, not %q", result.ID, result.Outcome, outcome, result.Detail, detail)
	}
}

func TestReadyIsTriedEveryTwoSecondsUntilItSucceeds(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/is-there"
	results := judged(t, serving("sleep 1; touch "+file+"; exec sleep 60", "test -e "+file+" || { echo not yet; false; }"), 30*time.Second)
	expect(t, results["ready"], Passed, "it ended with 0 at try 2, after 2")
	expect(t, results["start"], Passed, "it is at work")
	if tries := results["ready"].Facts["ready.tries"]; tries != "2" {
		t.Errorf("%s tries", tries)
	}
}

func TestWhatIsNeverReadyFailsAtTheDeadlineWithItsLastOutput(t *testing.T) {
	t.Parallel()
	results := judged(t, serving("", "echo port 80 is closed; exit 7"), 3*time.Second)
	expect(t, results["ready"], Failed, "2 tries, the last one ended with 7; it said last: port 80 is closed")
	expect(t, results["start"], NotApplicable, "no command was given")
}

func TestAStartCommandThatFailsCutsTheWaitShort(t *testing.T) {
	t.Parallel()
	began := time.Now()
	results := judged(t, serving("sleep 0.3; echo no such configuration >&2; exit 3", "false"), time.Minute)
	expect(t, results["start"], Failed, "it ended with 3: it said last: no such configuration")
	expect(t, results["ready"], Failed, "since the start command failed")
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAStartCommandThatFailsEndsATryThatIsUnderWay(t *testing.T) {
	t.Parallel()
	results := judged(t, serving("sleep 0.3; kill -9 $$", "sleep 50"), time.Minute)
	expect(t, results["start"], Failed, "it ended with signal 9, killed: it said nothing")
	expect(t, results["ready"], Failed, "given up at try 1, since the start command failed")
}

func TestAStartCommandThatEndsWith0DoesNotEndTheWait(t *testing.T) {
	t.Parallel()
	results := judged(t, serving("true", "exit 1"), 3*time.Second)
	expect(t, results["start"], Passed, "it ended with 0")
	expect(t, results["ready"], Failed, "not ready after")
}

func TestWithoutAReadyCommandTheStartCommandIsWatched(t *testing.T) {
	t.Parallel()
	expect(t, judged(t, serving("true", ""), time.Minute)["start"], Passed, "it ended with 0")
	expect(t, judged(t, serving("sleep 0.3; exit 4", ""), time.Minute)["start"], Failed, "it ended with 4")
	results := judged(t, serving("exec sleep 60", ""), 2*time.Second)
	expect(t, results["start"], Passed, "it is at work after 2s")
	expect(t, results["ready"], NotApplicable, "no command was given")
}

func TestACommandThatHangsIsSaidToHang(t *testing.T) {
	t.Parallel()
	results := judged(t, serving("", "echo connecting; sleep 60"), 2*time.Second)
	expect(t, results["ready"], Failed, "try 1 did not end; it said last: connecting")
}

func TestEndlessOutputIsReadAndBounded(t *testing.T) {
	t.Parallel()
	results := judged(t, serving("yes start", "yes ready | head -c 50000000; exit 1"), 4*time.Second)
	expect(t, results["start"], Passed, "it is at work")
	expect(t, results["ready"], Failed, "ready ready ready")
	for _, result := range results {
		for name, fact := range result.Facts {
			if len([]rune(fact)) > 500 || strings.ContainsAny(fact, "\n\x1b") {
				t.Errorf("%s is %q", name, fact)
			}
		}
	}
}

func TestWhatAReadyCommandLeavesRunningDoesNotMakeItFail(t *testing.T) {
	t.Parallel()
	results := judged(t, serving("", "sleep 20 & exit 0"), 15*time.Second)
	expect(t, results["ready"], Passed, "at try 1")
}

func TestTheStartCommandIsEndedWithAllItsProcesses(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/pid"
	g := serving("sleep 300 & echo $! >"+file+"; wait", "test -s "+file)
	expect(t, judged(t, g, time.Minute)["ready"], Passed, "")
	check, err := g.Exec(t.Context(), "/bin/sh", "-c", "n=0; while kill -0 $(cat "+file+") 2>/dev/null && [ $n -lt 50 ]; do n=$((n+1)); sleep 0.1; done; kill -0 $(cat "+file+")")
	if err != nil || check.Code == 0 {
		t.Errorf("what it started runs still: %v", err)
	}
}

func TestWhatTheOthersCheckIsTheGuestWithoutTheStartCommand(t *testing.T) {
	t.Parallel()
	s := healthy(t)
	started := false
	launched := s.Start
	s.Start = func(argv ...string) (*guest.Process, error) { started = true; return launched(argv...) }
	run := s.Exec
	s.Exec = func(ctx context.Context, argv ...string) (guest.Output, error) {
		if started && argv[0] != "/bin/sh" {
			t.Errorf("%v was asked when the start command was at work", argv)
		}
		return run(ctx, argv...)
	}
	expect(t, all(t, s.Guest)["ready"], Passed, "")
	if !started {
		t.Error("it was not started")
	}
}

func TestReadyHasTimeForATryHoweverLateItIs(t *testing.T) {
	t.Parallel()
	g := serving("", "sleep 0.5; exit 1")
	g.Until = time.Now().Add(-time.Minute)
	expect(t, judged(t, g, time.Minute)["ready"], Failed, "ended with 1")
}
