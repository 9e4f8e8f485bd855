package checks

import (
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

var exceptionName = regexp.MustCompile(`(?m)^([A-Za-z_][\w.]*(?:Error|Exception))\b`)

// cloudInitTraceback names the kinds of exceptions only: their text can quote user-data.
var cloudInitTraceback = Check{ID: "cloud-init-traceback", Title: "cloud-init's log shows no exception", Severity: Fail,
	Run: ofCloudInit(func(g *guest.Guest) Finding {
		log, err := g.Read("/var/log/cloud-init.log")
		if err != nil {
			return notApplicable("no /var/log/cloud-init.log")
		}
		count := strings.Count(log, "Traceback (most recent call last)")
		if count == 0 {
			return pass("none")
		}
		var kinds []string
		seen := map[string]bool{}
		for _, match := range exceptionName.FindAllStringSubmatch(log, -1) {
			if !seen[match[1]] {
				seen[match[1]] = true
				kinds = append(kinds, match[1])
			}
		}
		return fail("%d exceptions in /var/log/cloud-init.log: %s", count, list(kinds))
	})}
