package main

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"strings"

	"imgmgr/agent/checks"
	"imgmgr/agent/guest"
	"imgmgr/agent/identity"
)

const longestFact = 2000

// facts collects what a verdict does not need, but a comparison with other servers and builds does. What is not known is left out.
func facts(ctx context.Context, g *guest.Guest, who identity.Identity) map[string]string {
	release := checks.OSRelease(g)
	kernel, _ := g.Uname()
	all := map[string]string{
		"os.id":                 release["ID"],
		"os.version_id":         release["VERSION_ID"],
		"machine":               kernel.Machine,
		"kernel":                kernel.Release,
		"boot_id":               g.Text("/proc/sys/kernel/random/boot_id"),
		"ssh.fingerprints":      fingerprints(g),
		"cloud_init.datasource": checks.CloudInitDatasource(g),
		"mem_mib":               positive(checks.MemoryMiB(g)),
		"vcpus":                 positive(int64(checks.CPUs(g))),
		"server.source":         who.Source,
	}
	if id := g.Text("/etc/machine-id"); id != "" {
		sum := sha256.Sum256([]byte(id))
		all["machine_id.sha256"] = hex.EncodeToString(sum[:])
	}
	if g.ClockOffset != nil {
		all["clock.offset_ms"] = fmt.Sprint(g.ClockOffset.Milliseconds())
	}
	if g.HasSystemd() {
		if took, err := checks.BootDuration(ctx, g); err == nil {
			all["systemd.boot_ms"] = positive(took.Milliseconds())
		}
	}
	for name, value := range all {
		if value == "" {
			delete(all, name)
		} else {
			all[name] = checks.Clean(value, longestFact, g)
		}
	}
	return all
}

func positive(number int64) string {
	if number <= 0 {
		return ""
	}
	return fmt.Sprint(number)
}

// fingerprints are those that `ssh-keygen -l` shows: they belong to public keys, and distinguish servers that share a private one.
func fingerprints(g *guest.Guest) string {
	var found []string
	for _, path := range g.Glob("/etc/ssh/ssh_host_*_key.pub") {
		lines := bufio.NewScanner(strings.NewReader(g.Text(path)))
		for lines.Scan() {
			if fields := strings.Fields(lines.Text()); len(fields) > 1 {
				if key, err := base64.StdEncoding.DecodeString(fields[1]); err == nil {
					sum := sha256.Sum256(key)
					found = append(found, fields[0]+" SHA256:"+base64.RawStdEncoding.EncodeToString(sum[:]))
				}
			}
		}
	}
	return strings.Join(found, ",")
}
