package checks

import (
	"context"
	"path/filepath"
	"strings"

	"imgmgr/agent/guest"
)

var swap = Check{ID: "swap", Title: "No swap lies on the system's disk", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		text, err := g.Read("/proc/swaps")
		if err != nil {
			return notApplicable("the kernel has no swap")
		}
		root, err := g.RootDisk()
		if err != nil {
			return notApplicable("%v", err)
		}
		var wrong []string
		for _, line := range strings.Split(text, "\n")[1:] {
			fields := strings.Fields(line)
			if len(fields) < 2 {
				continue
			}
			name := filepath.Base(fields[0])
			if fields[1] == "file" || strings.HasPrefix(name, root.Disk) {
				wrong = append(wrong, fields[0])
			}
		}
		return verdict(wrong, "none")
	}}
