package checks

import (
	"context"
	"path/filepath"
	"regexp"
	"strconv"

	"imgmgr/agent/guest"
)

var kernelNewest = Check{ID: "kernel-newest", Title: "The newest installed kernel runs", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		kernel, err := g.Uname()
		if err != nil {
			return broken("uname: %v", err)
		}
		newest := ""
		for _, path := range g.Glob("/lib/modules/*/modules.dep", "/usr/lib/modules/*/modules.dep") {
			if name := filepath.Base(filepath.Dir(path)); newest == "" || olderVersion(newest, name) {
				newest = name
			}
		}
		switch {
		case newest == "":
			return notApplicable("no kernel modules are installed")
		case olderVersion(kernel.Release, newest):
			return fail("%s runs, %s is installed", kernel.Release, newest)
		}
		return pass("%s", kernel.Release)
	}}

var versionParts = regexp.MustCompile(`\d+|[a-z]+`)

// olderVersion compares number by number; words stand before numbers (rc before a release's number).
func olderVersion(a, b string) bool {
	left, right := versionParts.FindAllString(a, -1), versionParts.FindAllString(b, -1)
	for i := 0; i < len(left) && i < len(right); i++ {
		x, xErr := strconv.Atoi(left[i])
		y, yErr := strconv.Atoi(right[i])
		switch {
		case left[i] == right[i] || xErr == nil && yErr == nil && x == y:
			continue
		case xErr == nil && yErr == nil:
			return x < y
		case xErr == nil || yErr == nil:
			return xErr != nil
		default:
			return left[i] < right[i]
		}
	}
	return len(left) < len(right)
}
