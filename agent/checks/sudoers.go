package checks

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"imgmgr/agent/guest"
)

// cloudInitSudoers is where cloud-init allows its default user everything.
const cloudInitSudoers = "/etc/sudoers.d/90-cloud-init-users"

var sudoers = Check{ID: "sudoers", Title: "Only the default user may use sudo without a password", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/sudoers") {
			return notApplicable("no /etc/sudoers")
		}
		allowed := []string{"root", g.Property("os_admin_user")}
		for _, line := range g.Lines(cloudInitSudoers) {
			allowed = append(allowed, strings.Fields(line)[0])
		}
		var wrong []string
		for _, path := range append([]string{"/etc/sudoers"}, g.Glob("/etc/sudoers.d/*")...) {
			if _, err := os.ReadFile(g.Path(path)); err != nil {
				return broken("%s cannot be read: %v", path, err)
			}
			for _, line := range g.Lines(path) {
				fields := strings.Fields(line)
				if fields[0] == "Defaults" && slices.ContainsFunc(fields[1:], func(word string) bool {
					return strings.Trim(word, ",") == "targetpw"
				}) {
					wrong = append(wrong, "Defaults targetpw in "+filepath.Base(path))
				}
				if strings.Contains(line, "NOPASSWD") && !slices.Contains(allowed, fields[0]) {
					wrong = append(wrong, fields[0]+" in "+filepath.Base(path))
				}
			}
		}
		return verdict(wrong, "none besides")
	}}
