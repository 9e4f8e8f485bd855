package checks

import (
	"context"
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

var (
	aptProxy   = regexp.MustCompile(`(?i)(?:^|\s)Acquire::\w+::Proxy(?:::\S+)?\s+"([^"]*)"`)
	yumProxy   = regexp.MustCompile(`^proxy\s*=\s*(\S+)`)
	localhosts = regexp.MustCompile(`https?://(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])[:/]`)
)

var buildLeftovers = Check{ID: "build-leftovers", Title: "The build left no settings of its own behind", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		var wrong []string
		for _, path := range g.Glob("/usr/sbin/policy-rc.d", "/etc/sudoers.d/dib*", "/tmp/in_target.d", "/tmp/packer-*", "/etc/sudoers.d/packer*") {
			wrong = append(wrong, path)
		}
		for _, path := range g.Glob("/etc/apt/apt.conf", "/etc/apt/apt.conf.d/*") {
			for _, line := range g.Lines(path) {
				if strings.HasPrefix(line, "//") {
					continue
				}
				if match := aptProxy.FindStringSubmatch(line); match != nil && match[1] != "" && match[1] != "DIRECT" {
					wrong = append(wrong, "a proxy in "+path)
				}
			}
		}
		for _, path := range g.Glob("/etc/yum.conf", "/etc/dnf/dnf.conf", "/etc/yum.repos.d/*.repo") {
			for _, line := range g.Lines(path) {
				if match := yumProxy.FindStringSubmatch(line); match != nil && match[1] != "_none_" {
					wrong = append(wrong, "a proxy in "+path)
				}
			}
		}
		for _, path := range g.Glob("/etc/apt/sources.list", "/etc/apt/sources.list.d/*", "/etc/yum.repos.d/*.repo",
			"/etc/zypp/repos.d/*.repo", "/etc/apk/repositories") {
			for _, line := range g.Lines(path) {
				if localhosts.MatchString(line) {
					wrong = append(wrong, "a package source on the build's own host in "+path)
				}
			}
		}
		if len(wrong) == 0 && !g.Exists("/etc/apt", "/etc/yum.conf", "/etc/dnf", "/etc/yum.repos.d", "/etc/zypp", "/etc/apk", "/etc/sudoers.d") {
			return notApplicable("no package manager and no sudo")
		}
		return verdict(wrong, "none")
	}}
