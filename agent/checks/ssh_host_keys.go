package checks

import (
	"context"

	"imgmgr/agent/guest"
)

var sshHostKeys = Check{ID: "ssh-host-keys", Title: "The SSH host keys were made in this boot", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		keys := g.Glob("/etc/ssh/ssh_host_*_key")
		if len(keys) == 0 {
			if !g.HasSSHD() {
				return notApplicable("no sshd")
			}
			return fail("sshd is here, but no /etc/ssh/ssh_host_*_key")
		}
		var wrong []string
		for _, key := range keys {
			if !g.MadeThisBoot(key) {
				wrong = append(wrong, key+" is older than this boot")
			}
		}
		return verdict(wrong, "%d keys made since the boot", len(keys))
	}}
