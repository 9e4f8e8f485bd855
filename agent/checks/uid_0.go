package checks

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"imgmgr/agent/guest"
)

var uid0 = Check{ID: "uid-0", Title: "root is the only account with user id 0", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		all := accounts(g)
		if len(all) == 0 {
			return notApplicable("no accounts in /etc/passwd")
		}
		var zero []string
		for _, user := range all {
			if user.uid == 0 {
				zero = append(zero, user.name)
			}
		}
		if !slices.Equal(zero, []string{"root"}) {
			return fail("accounts with user id 0: %s", list(zero))
		}
		return pass("root alone")
	}}

type account struct {
	name, home, shell string
	uid               int
}

func accounts(g *guest.Guest) []account {
	var all []account
	for _, line := range g.Lines("/etc/passwd") {
		f := strings.Split(line, ":")
		if len(f) < 7 {
			continue
		}
		if uid, err := strconv.Atoi(f[2]); err == nil {
			all = append(all, account{name: f[0], uid: uid, home: f[5], shell: f[6]})
		}
	}
	return all
}
