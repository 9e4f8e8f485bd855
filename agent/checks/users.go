package checks

import (
	"context"
	"path/filepath"
	"slices"
	"strings"

	"imgmgr/agent/guest"
)

const (
	firstHuman = 1000
	nobody     = 65534
)

var loginShells = []string{"sh", "bash", "dash", "zsh", "ash", "ksh", "fish", "csh", "tcsh"}

// users expects one account for people, that of the image's property os_admin_user where it has one.
var users = Check{ID: "users", Title: "Only the default user can log in", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		all := accounts(g)
		if len(all) == 0 {
			return notApplicable("no accounts in /etc/passwd")
		}
		if g.CloudInit() != "" && !g.HasSSHD() {
			return notApplicable("no cloud-init that makes a default user, and no sshd")
		}
		var humans, wrong []string
		for _, user := range all {
			shell := slices.Contains(loginShells, filepath.Base(user.shell))
			switch {
			case user.uid == 0 || !shell:
			case user.uid >= firstHuman && user.uid != nobody:
				humans = append(humans, user.name)
			default:
				wrong = append(wrong, user.name+" (a system account with a shell)")
			}
		}
		admin := g.Property("os_admin_user")
		if admin == "" && len(humans) == 1 {
			admin = humans[0]
		}
		for _, name := range humans {
			if name != admin {
				wrong = append(wrong, name)
			}
		}
		return verdict(wrong, "%s", strings.TrimSpace("root "+strings.Join(humans, " ")))
	}}
