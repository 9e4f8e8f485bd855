// Package checks holds what is asked of a guest: one file for each check, and the catalogue of them all.
package checks

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"sync"
	"time"

	"imgmgr/agent/guest"
)

// Severity is what a failed check means for the image.
type Severity string

// Fail: the image must not be published. Warn: it is reported. Info: it is kept for comparison.
const (
	Fail Severity = "fail"
	Warn Severity = "warn"
	Info Severity = "info"
)

// Outcome is what a check came to.
type Outcome int

// NotApplicable: the check says nothing about this guest, the detail says why. Broken: it could not be done.
const (
	Passed Outcome = iota + 1
	Failed
	NotApplicable
	Broken
)

// Finding is a check's answer: the outcome, and one line that never holds a secret.
type Finding struct {
	Outcome Outcome
	Detail  string
	// What programs want to know of it, by the names of facts; nil for most.
	Facts map[string]string
}

func (f Finding) with(facts map[string]string) Finding {
	f.Facts = facts
	return f
}

// Check is one question to a guest.
type Check struct {
	ID       string
	Title    string
	Severity Severity
	// The time that it may take; 0: ten seconds.
	Limit time.Duration
	Run   func(context.Context, *guest.Guest) Finding
}

// Result is a check's finding with the time that it took.
type Result struct {
	Check
	Finding
	Took time.Duration
}

func pass(format string, values ...any) Finding {
	return Finding{Outcome: Passed, Detail: fmt.Sprintf(format, values...)}
}

func fail(format string, values ...any) Finding {
	return Finding{Outcome: Failed, Detail: fmt.Sprintf(format, values...)}
}

func notApplicable(format string, values ...any) Finding {
	return Finding{Outcome: NotApplicable, Detail: fmt.Sprintf(format, values...)}
}

func broken(format string, values ...any) Finding {
	return Finding{Outcome: Broken, Detail: fmt.Sprintf(format, values...)}
}

// verdict passes with the praise when nothing is wrong, else fails with the first few of what is.
func verdict(wrong []string, praise string, values ...any) Finding {
	if len(wrong) == 0 {
		return pass(praise, values...)
	}
	return fail("%s", list(wrong))
}

// list names at most eight things.
func list(things []string) string {
	const most = 8
	if len(things) <= most {
		return strings.Join(things, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(things[:most], ", "), len(things)-most)
}

// What hangs is distinguished from what is only slow: a guest on a crowded hypervisor needs many times what a quiet one does, and a check
// that was given up counts as failed. A healthy guest does not wait for it.
const defaultLimit = 45 * time.Second

// RunAll does every check that is not switched off, side by side, and returns the results in the catalogue's order. It takes no
// longer than the longest limit or the context allows, even when a check hangs in the kernel. The start command of the job is started
// when the others have seen the guest without it; then `ready` is waited for, and last the start command is judged, and ended.
func RunAll(ctx context.Context, g *guest.Guest, off []string) []Result {
	skipped := map[string]bool{}
	for _, id := range off {
		skipped[id] = true
	}
	var wanted []Check
	for _, check := range Catalogue() {
		if !skipped[check.ID] {
			wanted = append(wanted, check)
		}
	}
	results := make([]Result, len(wanted))
	starts := g.Job.Start != "" && !skipped[start.ID]
	isLate := func(check Check) bool { return starts && (check.ID == start.ID || check.ID == ready.ID) }
	var group sync.WaitGroup
	for i, check := range wanted {
		if !isLate(check) {
			group.Go(func() { results[i] = runOne(ctx, g, check) })
		}
	}
	group.Wait()
	if !starts {
		return results
	}
	launch(g)
	if g.Started != nil {
		defer g.Started.Stop()
	}
	for _, late := range []string{ready.ID, start.ID} {
		for i, check := range wanted {
			if check.ID == late {
				results[i] = runOne(ctx, g, check)
			}
		}
	}
	return results
}

func runOne(ctx context.Context, g *guest.Guest, check Check) Result {
	limit := check.Limit
	if limit == 0 {
		limit = defaultLimit
	}
	began := time.Now()
	within, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	answer := make(chan Finding, 1)
	go func() {
		defer func() {
			if trouble := recover(); trouble != nil {
				answer <- broken("the check stumbled: %v", trouble)
			}
		}()
		answer <- check.Run(within, g)
	}()
	var finding Finding
	select {
	case finding = <-answer:
	case <-within.Done():
		// A check that watches its context answers now, with a better reason than ours.
		select {
		case finding = <-answer:
		case <-time.After(time.Second):
			finding = broken("no answer within %s", limit)
		}
	}
	finding.Detail = Clean(finding.Detail, 500, g)
	for name, value := range finding.Facts {
		if finding.Facts[name] = Clean(value, 500, g); value == "" {
			delete(finding.Facts, name)
		}
	}
	return Result{Check: check, Finding: finding, Took: time.Since(began)}
}

var secrets = regexp.MustCompile(`\$(?:[0-9]|2[abxy]|y|gy|7|md5|sha1)\$[^\s:]+` +
	`|-----BEGIN[^\n]*|\b(?:ssh-|ecdsa-|sk-)\S+ +AAAA[A-Za-z0-9+/=]*|\bAAAA[A-Za-z0-9+/=]{20,}`)

// Clean makes one line of at most the given number of characters, without hashes, keys and the token of the job.
func Clean(text string, most int, g *guest.Guest) string {
	text = secrets.ReplaceAllString(text, "[secret]")
	if g.Job != nil && g.Job.Token != "" {
		text = strings.ReplaceAll(text, g.Job.Token, "[token]")
	}
	text = strings.ToValidUTF8(text, "?")
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
	if letters := []rune(text); len(letters) > most {
		text = string(letters[:most-1]) + "…"
	}
	return text
}
