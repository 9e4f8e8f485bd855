package checks

import (
	"context"
	"regexp"

	"imgmgr/agent/guest"
)

var kernelTrouble = regexp.MustCompile(`\bOops\b|\bBUG: |soft lockup|hard LOCKUP|detected stalls|blocked for more than \d+ seconds|Out of memory|oom-kill|Kernel panic|general protection fault`)

// kernelLog leaves file systems and disks to filesystem-clean.
var kernelLog = Check{ID: "kernel-log", Title: "The kernel reports no fault", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		log, err := g.KernelLog()
		if err != nil {
			return broken("the kernel's log cannot be read: %v", err)
		}
		var wrong []string
		errors := 0
		for _, line := range log {
			if line.Level <= 3 {
				errors++
			}
			if kernelTrouble.MatchString(line.Text) {
				wrong = append(wrong, line.Text)
			}
		}
		return verdict(wrong, "no fault in %d lines, %d of them errors", len(log), errors)
	}}
