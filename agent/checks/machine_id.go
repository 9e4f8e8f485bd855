package checks

import (
	"context"
	"regexp"

	"imgmgr/agent/guest"
)

var machineIDForm = regexp.MustCompile(`^[0-9a-f]{32}$`)

// machineID knows a baked one by its age: systemd writes the file at the first boot, when the image has it empty.
var machineID = Check{ID: "machine-id", Title: "The machine id was made in this boot", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		id, err := g.Read("/etc/machine-id")
		bus, busErr := g.Read("/var/lib/dbus/machine-id")
		switch {
		case err != nil && !g.HasSystemd():
			return notApplicable("no /etc/machine-id, and no systemd that needs one")
		case err != nil:
			return fail("no /etc/machine-id")
		case !machineIDForm.MatchString(id) || id == "00000000000000000000000000000000":
			return fail("/etc/machine-id does not hold 32 hexadecimal digits (%d characters)", len(id))
		case busErr == nil && bus != id:
			return fail("/var/lib/dbus/machine-id is another than /etc/machine-id")
		case !g.MadeThisBoot("/etc/machine-id"):
			return fail("/etc/machine-id is older than this boot: every server of the image has it")
		}
		return pass("made since the boot")
	}}
