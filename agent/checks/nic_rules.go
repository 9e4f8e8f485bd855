package checks

import (
	"context"
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

var macAddress = regexp.MustCompile(`(?i)\b[0-9a-f]{2}(?::[0-9a-f]{2}){5}\b`)

// nicRules allows the addresses of this server's own interfaces: cloud-init writes such rules itself, at every first boot.
var nicRules = Check{ID: "nic-rules", Title: "No configuration is bound to another machine's network interface", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/udev", "/etc/systemd/network", "/etc/sysconfig/network-scripts", "/etc/netplan", "/etc/NetworkManager") {
			return notApplicable("nothing here names or configures interfaces by their address")
		}
		own := map[string]bool{"00:00:00:00:00:00": true, "ff:ff:ff:ff:ff:ff": true}
		for _, nic := range g.NICs() {
			own[nic.MAC] = true
		}
		var wrong []string
		for _, path := range g.Glob("/etc/udev/rules.d/*net*.rules", "/etc/systemd/network/*.link", "/etc/systemd/network/*.network",
			"/etc/sysconfig/network-scripts/ifcfg-*", "/etc/netplan/*.yaml", "/etc/NetworkManager/system-connections/*.nmconnection") {
			for _, line := range g.Lines(path) {
				for _, found := range macAddress.FindAllString(line, -1) {
					if !own[strings.ToLower(found)] {
						wrong = append(wrong, path+" names "+strings.ToLower(found))
					}
				}
			}
		}
		return verdict(wrong, "no foreign address is named")
	}}
