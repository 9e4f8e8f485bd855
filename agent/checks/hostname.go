package checks

import (
	"context"
	"strings"

	"imgmgr/agent/guest"
)

// hostname compares up to the first dot. Where no cloud-init sets it, only a name that agrees says something.
var hostname = Check{ID: "hostname", Title: "The host name is the server's", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		kernel, err := g.Uname()
		if err != nil {
			return broken("uname: %v", err)
		}
		has, _, _ := strings.Cut(strings.ToLower(kernel.Node), ".")
		want, _, _ := strings.Cut(strings.ToLower(g.Job.Expect.Hostname), ".")
		switch absence := g.CloudInit(); {
		case want != "" && has == want:
			return pass("%s", has)
		case absence != "":
			return notApplicable("%s that would set it (it is %s)", absence, has)
		case has == "localhost" || has == "(none)" || has == "":
			return fail("it is %q", has)
		case want == "":
			return notApplicable("the server's name is not known (it is %s)", has)
		}
		return fail("it is %s instead of %s", has, want)
	}}
