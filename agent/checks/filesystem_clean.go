package checks

import (
	"context"
	"fmt"
	"path/filepath"
	"regexp"

	"imgmgr/agent/guest"
)

// An empty CD or floppy drive answers every probe with an I/O error, so those are left out.
var (
	fsTrouble = regexp.MustCompile(`EXT4-fs error|XFS .*(?:[Cc]orruption|metadata I/O error|Shutting down)|BTRFS (?:error|critical)|I/O error`)
	noDisk    = regexp.MustCompile(`\bdev (?:fd|sr|loop)\d`)
)

var filesystemClean = Check{ID: "filesystem-clean", Title: "No file system or disk reports errors", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if _, err := g.RootDisk(); err != nil {
			return notApplicable("%v", err)
		}
		var wrong []string
		for _, path := range g.Glob("/sys/fs/ext4/*/errors_count") {
			if count := g.Text(path); count != "0" {
				wrong = append(wrong, fmt.Sprintf("%s errors on %s", count, filepath.Base(filepath.Dir(path))))
			}
		}
		log, err := g.KernelLog()
		for _, line := range log {
			if fsTrouble.MatchString(line.Text) && !noDisk.MatchString(line.Text) {
				wrong = append(wrong, line.Text)
			}
		}
		if len(wrong) == 0 && err != nil {
			return broken("the kernel's log cannot be read: %v", err)
		}
		return verdict(wrong, "no errors")
	}}
