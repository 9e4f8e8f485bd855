package checks

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"imgmgr/agent/guest"
)

// What libosinfo, and so Glance, calls by another name than /etc/os-release.
var distroNames = map[string][]string{
	"opensuse":      {"opensuse-leap", "opensuse-tumbleweed", "opensuse-microos", "opensuse"},
	"sled":          {"sled", "sles"},
	"sle":           {"sles", "sled"},
	"oraclelinux":   {"ol"},
	"oracle":        {"ol"},
	"alpinelinux":   {"alpine"},
	"archlinux":     {"arch"},
	"redhat":        {"rhel"},
	"centos-stream": {"centos"},
	"fcos":          {"fedora"},
	"fedora-coreos": {"fedora"},
	"rockylinux":    {"rocky"},
	"alma":          {"almalinux"},
}

var osRelease = Check{ID: "os-release", Title: "The system is the one that the image's properties name", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		distro, version := strings.ToLower(g.Property("os_distro")), strings.ToLower(g.Property("os_version"))
		if distro == "" && version == "" {
			return notApplicable("the image has neither os_distro nor os_version")
		}
		release := OSRelease(g)
		if release["ID"] == "" {
			return notApplicable("no /etc/os-release with an ID")
		}
		var wrong []string
		names := append([]string{distro}, distroNames[distro]...)
		if distro != "" && !slices.Contains(names, release["ID"]) {
			wrong = append(wrong, fmt.Sprintf("os_distro is %s, ID is %s", distro, release["ID"]))
		}
		if id := release["VERSION_ID"]; version != "" && id != "" && !sameVersion(version, id, release["VERSION_CODENAME"]) {
			wrong = append(wrong, fmt.Sprintf("os_version is %s, VERSION_ID is %s", version, id))
		}
		return verdict(wrong, "%s %s", release["ID"], release["VERSION_ID"])
	}}

// sameVersion takes one for the other when one only says more: 9 and 9.4, 12.5 and 12.
func sameVersion(property, id, codename string) bool {
	for _, word := range []string{"stream", "-"} {
		property = strings.ReplaceAll(property, word, "")
	}
	return property == id || property == strings.ToLower(codename) ||
		strings.HasPrefix(property, id+".") || strings.HasPrefix(id, property+".")
}

// OSRelease returns the fields of /etc/os-release, or of /usr/lib/os-release where that is missing.
func OSRelease(g *guest.Guest) map[string]string {
	fields := map[string]string{}
	for _, path := range []string{"/etc/os-release", "/usr/lib/os-release"} {
		for _, line := range g.Lines(path) {
			if name, value, ok := strings.Cut(line, "="); ok && fields[name] == "" {
				fields[name] = strings.Trim(value, `"'`)
			}
		}
		if fields["ID"] != "" {
			break
		}
	}
	return fields
}
