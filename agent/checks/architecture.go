package checks

import (
	"context"
	"regexp"

	"imgmgr/agent/guest"
)

// What Glance properties say, and what `uname -m` does (https://docs.openstack.org/glance/latest/admin/useful-image-properties.html).
var (
	machineNames = map[string]string{"amd64": "x86_64", "arm64": "aarch64", "armv7l": "arm", "armv6l": "arm", "ppc64el": "ppc64le", "i486": "i686", "i586": "i686", "i386": "i686"}
	machineForm  = regexp.MustCompile(`^\w+$`)
)

var architecture = Check{ID: "architecture", Title: "The kernel is for the image's architecture", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		want := g.Property("architecture")
		if !machineForm.MatchString(want) {
			return notApplicable("the image has no property architecture")
		}
		kernel, err := g.Uname()
		if err != nil {
			return broken("uname: %v", err)
		}
		if machineName(kernel.Machine) != machineName(want) {
			return fail("the kernel is for %s, the image's property is %s", kernel.Machine, want)
		}
		return pass("%s", kernel.Machine)
	}}

func machineName(name string) string {
	if other, ok := machineNames[name]; ok {
		return other
	}
	return name
}
