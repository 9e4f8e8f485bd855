// Package guest is the one way by which checks look at the system they run in, so that tests can put another in its place.
package guest

import (
	"context"
	"net/netip"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
	"time"

	"imgmgr/agent/job"
)

// FSStat is what statfs says about a file system, in bytes and counts.
type FSStat struct {
	Size, Available     uint64
	Inodes, InodesAvail uint64
}

// Uname is what the kernel says of itself.
type Uname struct {
	Machine, Release, Node string
}

// KernelLine is one record of the kernel's log; Level 0 is an emergency, 3 an error.
type KernelLine struct {
	Level int
	Text  string
}

// Output is what a command came to: the beginning of what it said, the end of it, and its status.
type Output struct {
	Text, Last string
	Code       int
}

// Process is a command that was started and not waited for.
type Process struct {
	// Closed when it has ended; what it left running may go on.
	Ended <-chan struct{}
	// Once it has ended: nothing for status 0, else the status or the signal.
	Result string
	// The end of what it has said so far.
	Last func() string
	// Stop ends its whole process group.
	Stop func()
}

// Failed reports whether it has ended with anything but 0.
func (p *Process) Failed() bool {
	select {
	case <-p.Ended:
		return p.Result != ""
	default:
		return false
	}
}

// Openstack is what one way to the metadata gave: a server's uuid, and its network_data.json where it was there.
type Openstack struct {
	UUID    string
	Network *NetworkData
	// Why there is no uuid.
	Problem string
}

// NetworkData is network_data.json as far as it is used (https://docs.openstack.org/nova/latest/user/metadata.html).
type NetworkData struct {
	Links []struct {
		MAC string `json:"ethernet_mac_address"`
		MTU *int   `json:"mtu"`
	} `json:"links"`
	Networks []struct {
		Type   string `json:"type"`
		Routes []struct {
			Network string `json:"network"`
			Netmask string `json:"netmask"`
		} `json:"routes"`
	} `json:"networks"`
}

// Guest is the system under test. Paths given to its methods are those of the guest ("/proc/cmdline"), whatever Root is.
type Guest struct {
	Root string
	Job  *job.Job

	// What the ways to the metadata gave; nil where the way was not tried.
	Drive, Service *Openstack
	// Guest's clock minus imgmgr's; nil while imgmgr was not reached.
	ClockOffset *time.Duration
	// Until when `ready` may be waited for; zero: as long as the agent has. The agent was started when a part of imgmgr's time was over.
	Until time.Time
	// The start command of the job; nil where there is none, or while it has not been started.
	Started *Process
	// Why it could not be started.
	NotStarted string

	Now     func() time.Time
	Sleep   func(context.Context, time.Duration) error
	Exec    func(ctx context.Context, argv ...string) (Output, error)
	Start   func(argv ...string) (*Process, error)
	Resolve func(ctx context.Context, name string) ([]string, error)
	// AskNameserver returns nil when that server gives any answer, also a refusal.
	AskNameserver func(ctx context.Context, server netip.Addr) error
	StatFS        func(path string) (FSStat, error)
	Addresses     func(nic string) ([]netip.Addr, error)
	Uname         func() (Uname, error)
	KernelLog     func() ([]KernelLine, error)
}

// Path returns where a path of the guest lies for us.
func (g *Guest) Path(path string) string { return filepath.Join(g.Root, path) }

// Read returns a file, at most 16 MiB of it, without blanks at its ends.
func (g *Guest) Read(path string) (string, error) {
	file, err := os.Open(g.Path(path))
	if err != nil {
		return "", err
	}
	defer file.Close()
	text, err := readAtMost(file, 16<<20)
	return strings.TrimSpace(text), err
}

// Text returns a file without blanks at its ends, nothing where it cannot be read.
func (g *Guest) Text(path string) string {
	text, _ := g.Read(path)
	return text
}

// Lines returns the lines of a file that say something: without comments (#) and blank ones, trimmed.
func (g *Guest) Lines(path string) []string {
	var lines []string
	for line := range strings.SplitSeq(g.Text(path), "\n") {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "#") {
			lines = append(lines, line)
		}
	}
	return lines
}

// Exists reports whether there is something at one of the paths, be it a link to nowhere.
func (g *Guest) Exists(paths ...string) bool {
	for _, path := range paths {
		if _, err := os.Lstat(g.Path(path)); err == nil {
			return true
		}
	}
	return false
}

// Glob returns the guest's paths that match any of the patterns, sorted.
func (g *Guest) Glob(patterns ...string) []string {
	var found []string
	for _, pattern := range patterns {
		matches, _ := filepath.Glob(g.Path(pattern))
		for _, match := range matches {
			found = append(found, "/"+strings.TrimPrefix(strings.TrimPrefix(match, filepath.Clean(g.Root)), "/"))
		}
	}
	sort.Strings(found)
	return found
}

// Modified returns when a file was last changed.
func (g *Guest) Modified(path string) (time.Time, error) {
	info, err := os.Stat(g.Path(path))
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// Link returns the last part of what a link points to, nothing where it is none.
func (g *Guest) Link(path string) string {
	target, err := os.Readlink(g.Path(path))
	if err != nil {
		return ""
	}
	return filepath.Base(target)
}

// BootTime returns when the kernel started, by the guest's clock as it is now.
func (g *Guest) BootTime() (time.Time, bool) {
	for _, line := range g.Lines("/proc/stat") {
		if rest, ok := strings.CutPrefix(line, "btime "); ok {
			seconds, err := strconv.ParseInt(strings.TrimSpace(rest), 10, 64)
			return time.Unix(seconds, 0), err == nil
		}
	}
	return time.Time{}, false
}

// MadeThisBoot reports whether a file was last changed after the kernel started; a minute of doubt is given.
func (g *Guest) MadeThisBoot(path string) bool {
	boot, known := g.BootTime()
	changed, err := g.Modified(path)
	return err == nil && (!known || !changed.Before(boot.Add(-time.Minute)))
}

// HasSystemd reports whether systemd is what runs this guest.
func (g *Guest) HasSystemd() bool { return g.Exists("/run/systemd/system") }

// CloudInit says why cloud-init has no part in this boot, nothing when it has.
func (g *Guest) CloudInit() (absence string) {
	switch {
	case !g.Exists("/usr/bin/cloud-init", "/usr/local/bin/cloud-init", "/bin/cloud-init", "/run/cloud-init/status.json"):
		return "no cloud-init"
	case g.Exists("/etc/cloud/cloud-init.disabled", "/run/cloud-init/disabled"):
		return "cloud-init is disabled"
	}
	return ""
}

// HasSSHD reports whether OpenSSH's server is installed.
func (g *Guest) HasSSHD() bool {
	return g.Exists("/usr/sbin/sshd", "/usr/bin/sshd", "/usr/local/sbin/sshd", "/sbin/sshd")
}

// Property returns a Glance property of the image.
func (g *Guest) Property(name string) string { return g.Job.Expect.Properties[name] }

// Processes returns the names of all processes, each cut by the kernel to 15 characters.
func (g *Guest) Processes() map[string]bool {
	names := map[string]bool{}
	for _, path := range g.Glob("/proc/[0-9]*/comm") {
		names[g.Text(path)] = true
	}
	return names
}

// Network returns network_data.json of whichever way gave one.
func (g *Guest) Network() *NetworkData {
	for _, way := range []*Openstack{g.Drive, g.Service} {
		if way != nil && way.Network != nil {
			return way.Network
		}
	}
	return nil
}
