package checks

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"imgmgr/agent/guest"
	"imgmgr/agent/job"
)

const (
	server  = "0e3a1b2c-1111-4222-8333-444455556666"
	ownMAC  = "fa:16:3e:00:00:01"
	ownKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGivenKeyGivenKeyGivenKeyGivenKeyGivenKey0 of the job"
	badKey  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBuildersKeyBuildersKeyBuildersKeyBuild0 builder@build"
	theHash = "$6$saltsalt$Zm9vYmFyYmF6cXV1eGZvb2JhcmJhenF1dXg"
	token   = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
)

// sandbox is a guest made of files, with everything that is no file under the test's control.
type sandbox struct {
	*guest.Guest
	t        *testing.T
	stat     guest.FSStat
	uname    guest.Uname
	log      []guest.KernelLine
	logError error
	commands map[string]guest.Output
	has      map[string][]netip.Addr
	names    map[string][]string
	// Nameservers that give no answer.
	silent map[string]bool
	sleeps atomic.Int32
}

// The status of a command of a sandbox that does not end.
const atWork = -1

func newSandbox(t *testing.T) *sandbox {
	s := &sandbox{t: t, commands: map[string]guest.Output{}, has: map[string][]netip.Addr{}, names: map[string][]string{}, silent: map[string]bool{}}
	s.Guest = &guest.Guest{
		Root: t.TempDir(), Job: &job.Job{Version: 1, Run: "r1", Token: token, DeadlineSeconds: 60}, Now: time.Now,
		Sleep: func(ctx context.Context, _ time.Duration) error {
			if s.sleeps.Add(1) > 3 {
				return context.DeadlineExceeded
			}
			return ctx.Err()
		},
		Exec: func(_ context.Context, argv ...string) (guest.Output, error) {
			line := fmt.Sprint(argv)
			if output, ok := s.commands[line]; ok {
				return output, nil
			}
			return guest.Output{}, fmt.Errorf("no such command in this fixture: %s", line)
		},
		Start: func(argv ...string) (*guest.Process, error) {
			output, ok := s.commands[fmt.Sprint(argv)]
			if !ok {
				return nil, fmt.Errorf("no such command in this fixture: %v", argv)
			}
			ended := make(chan struct{})
			process := &guest.Process{Ended: ended, Last: func() string { return output.Last }, Stop: func() {}}
			if output.Code != atWork {
				if output.Code != 0 {
					process.Result = fmt.Sprint(output.Code)
				}
				close(ended)
			}
			return process, nil
		},
		Resolve: func(_ context.Context, name string) ([]string, error) {
			if found, ok := s.names[name]; ok {
				return found, nil
			}
			return nil, fmt.Errorf("no such host")
		},
		AskNameserver: func(_ context.Context, server netip.Addr) error {
			if s.silent[server.String()] {
				return fmt.Errorf("no answer in time")
			}
			return nil
		},
		StatFS:    func(string) (guest.FSStat, error) { return s.stat, nil },
		Addresses: func(nic string) ([]netip.Addr, error) { return s.has[nic], nil },
		Uname:     func() (guest.Uname, error) { return s.uname, nil },
		KernelLog: func() ([]guest.KernelLine, error) { return s.log, s.logError },
	}
	return s
}

func (s *sandbox) put(path, text string) {
	s.t.Helper()
	full := s.Path(path)
	must(s.t, os.MkdirAll(filepath.Dir(full), 0o755))
	must(s.t, os.WriteFile(full, []byte(text), 0o644))
}

func (s *sandbox) folder(path string) {
	s.t.Helper()
	must(s.t, os.MkdirAll(s.Path(path), 0o755))
}

func (s *sandbox) link(target, path string) {
	s.t.Helper()
	must(s.t, os.MkdirAll(filepath.Dir(s.Path(path)), 0o755))
	must(s.t, os.Symlink(target, s.Path(path)))
}

func (s *sandbox) remove(path string) {
	s.t.Helper()
	must(s.t, os.RemoveAll(s.Path(path)))
}

// old gives a file the age of something that the image brought along.
func (s *sandbox) old(path string) {
	s.t.Helper()
	before := time.Now().Add(-30 * 24 * time.Hour)
	must(s.t, os.Chtimes(s.Path(path), before, before))
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	gib       = 1 << 30
	sectors10 = 10 * gib / 512
)

// healthy is a guest of which every check that can apply is passed: Debian on a virtio disk with UEFI, cloud-init, sshd and systemd, in a
// project with IPv4 and IPv6.
func healthy(t *testing.T) *sandbox {
	s := newSandbox(t)
	key := ownKey
	s.Job.Start, s.Job.Ready, s.Job.Lookup = "serve", "true", "mirror.example"
	s.Job.Expect = job.Expectation{
		DiskBytes: 10 * gib, VCPUs: 2, RAMMiB: 2048,
		Interfaces: []job.Interface{{MAC: ownMAC, Addresses: []string{"10.0.0.5", "2001:db8::5"}}},
		Hostname:   "probe.novalocal", SSHKey: &key, Datasources: []string{"metadata", "config-drive"},
		Properties: map[string]string{
			"architecture": "x86_64", "os_distro": "debian", "os_version": "12", "hw_disk_bus": "virtio", "hw_vif_model": "virtio",
			"hw_rng_model": "virtio", "hw_qemu_guest_agent": "yes", "hw_firmware_type": "uefi", "os_secure_boot": "required",
			"os_admin_user": "debian",
		},
		SilentNameservers: []string{},
	}
	mtu := 1450
	network := &guest.NetworkData{}
	network.Links = append(network.Links, struct {
		MAC string `json:"ethernet_mac_address"`
		MTU *int   `json:"mtu"`
	}{ownMAC, &mtu})
	s.Drive = &guest.Openstack{UUID: server, Network: network}
	s.Service = &guest.Openstack{UUID: server}
	offset := 20 * time.Millisecond
	s.ClockOffset = &offset
	s.stat = guest.FSStat{Size: 98 * gib / 10, Available: 8 * gib, Inodes: 600_000, InodesAvail: 560_000}
	s.uname = guest.Uname{Machine: "x86_64", Release: "6.1.0-28-amd64", Node: "probe"}
	s.log = []guest.KernelLine{{Level: 6, Text: "EXT4-fs (vda1): mounted filesystem"}, {Level: 3, Text: "blk_update_request: I/O error, dev fd0, sector 0"}}
	s.has["ens3"] = []netip.Addr{netip.MustParseAddr("10.0.0.5"), netip.MustParseAddr("2001:db8::5"), netip.MustParseAddr("fe80::1")}
	s.names["mirror.example"] = []string{"192.0.2.1"}
	s.commands["[sshd -T]"] = guest.Output{Text: "port 22\npermitrootlogin without-password\npasswordauthentication no"}
	s.commands["[systemctl list-units --state=failed --no-legend --plain --no-pager]"] = guest.Output{}
	s.commands["[systemctl show --property=FinishTimestampMonotonic --value]"] = guest.Output{Text: "14500000"}
	s.commands["[/bin/sh -c true]"] = guest.Output{}
	s.commands["[/bin/sh -c serve]"] = guest.Output{Code: atWork}
	s.commands["[dpkg --audit]"] = guest.Output{}

	s.put("/proc/self/mountinfo", "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw,errors=remount-ro\n23 22 0:21 / /sys rw - sysfs sysfs rw")
	s.put("/proc/cmdline", "BOOT_IMAGE=/boot/vmlinuz root=PARTUUID=4f6a8f2b-01 ro console=tty0 console=ttyS0,115200")
	s.put("/proc/stat", fmt.Sprintf("cpu 1 2 3\nbtime %d\n", time.Now().Add(-5*time.Minute).Unix()))
	s.put("/proc/swaps", "Filename Type Size Used Priority\n")
	s.put("/proc/cpuinfo", "processor\t: 0\n\nprocessor\t: 1\n")
	s.put("/proc/meminfo", "MemTotal:        2014000 kB\nMemFree: 1 kB\n")
	s.put("/proc/net/route", "Iface Destination Gateway Flags RefCnt Use Metric Mask MTU\nens3 00000000 0100000A 0003 0 0 100 00000000 0 0 0\n")
	s.put("/proc/net/ipv6_route", "")
	s.put("/proc/net/tcp", "sl local rem st\n 0: 00000000:0016 00000000:0000 0A\n 1: 3500007F:0035 00000000:0000 0A\n 2: 0500000A:0016 0600000A:C000 01\n")
	s.put("/proc/net/udp", "sl local rem st\n 0: 0500000A:0044 00000000:0000 07\n 1: 0100007F:0143 00000000:0000 07\n")
	s.put("/proc/net/tcp6", "sl local rem st\n 0: 00000000000000000000000000000000:0016 0:0 0A\n")
	s.put("/proc/net/udp6", "sl local rem st\n 0: 000080FE00000000FF163EF8010000FE:0222 0:0 07\n")
	for name, value := range map[string]string{"net/ipv4/ip_forward": "0", "net/ipv4/tcp_syncookies": "1", "net/ipv4/conf/all/accept_source_route": "0",
		"kernel/randomize_va_space": "2", "fs/protected_hardlinks": "1", "fs/protected_symlinks": "1", "kernel/random/entropy_avail": "256"} {
		s.put("/proc/sys/"+name, value)
	}
	for pid, name := range map[string]string{"1": "systemd", "400": "qemu-ga", "410": "systemd-timesyn"} {
		s.put("/proc/"+pid+"/comm", name+"\n")
	}

	const bus = "/sys/devices/pci0000:00/0000:00:04.0/virtio1"
	disk := bus + "/block/vda"
	s.put(disk+"/dev", "254:0")
	s.put(disk+"/size", fmt.Sprint(sectors10))
	s.put(disk+"/queue/scheduler", "[none] mq-deadline")
	s.put(disk+"/vda1/dev", "254:1")
	s.put(disk+"/vda1/size", fmt.Sprint(sectors10-262144))
	s.put(disk+"/vda1/partition", "1")
	s.put(disk+"/vda15/dev", "254:15")
	s.put(disk+"/vda15/size", "260096")
	s.put(disk+"/vda15/partition", "15")
	s.link("../../../virtio1", disk+"/device")
	s.link("../../../../bus/virtio/drivers/virtio_blk", bus+"/driver")
	s.put(bus+"/device", "0x0002")
	const nicBus = "/sys/devices/pci0000:00/0000:00:03.0/virtio0"
	nic := nicBus + "/net/ens3"
	for name, value := range map[string]string{"type": "1", "address": ownMAC, "mtu": "1450", "operstate": "up", "carrier": "1"} {
		s.put(nic+"/"+name, value)
	}
	s.put(nicBus+"/device", "0x0001")
	s.link("../../../virtio0", nic+"/device")
	s.link("../../../../bus/virtio/drivers/virtio_net", nicBus+"/driver")
	for name, path := range map[string]string{"vda": disk, "vda1": disk + "/vda1", "vda15": disk + "/vda15"} {
		s.link("../.."+path[len("/sys"):], "/sys/class/block/"+name)
	}
	s.link("../.."+nic[len("/sys"):], "/sys/class/net/ens3")
	s.put("/sys/class/net/lo/type", "772")
	s.link("../../../devices/pci0000:00/0000:00:04.0/virtio1", "/sys/bus/virtio/devices/virtio1")
	s.link("../../../devices/pci0000:00/0000:00:03.0/virtio0", "/sys/bus/virtio/devices/virtio0")
	s.put("/sys/fs/ext4/vda1/errors_count", "0")
	s.put("/sys/fs/cgroup/cgroup.controllers", "cpu memory")
	s.put("/sys/class/tty/console/active", "tty0 ttyS0")
	s.put("/sys/class/misc/hw_random/rng_current", "virtio_rng.0")
	s.put("/sys/class/virtio-ports/vport1p1/name", "org.qemu.guest_agent.0")
	s.put("/sys/kernel/security/lsm", "lockdown,capability,yama,apparmor,bpf")
	s.put("/sys/firmware/efi/efivars/SecureBoot"+efiGlobal, "\x06\x00\x00\x00\x01")
	s.put("/sys/firmware/efi/efivars/SetupMode"+efiGlobal, "\x06\x00\x00\x00\x00")
	s.put("/dev/disk/by-partuuid/4f6a8f2b-01", "")
	s.put("/dev/disk/by-partuuid/4f6a8f2b-15", "")
	s.folder("/run/systemd/system")
	s.folder("/run/udev")

	s.put("/etc/fstab", "# made by the build\nPARTUUID=4f6a8f2b-01 / ext4 rw,discard 0 1\nPARTUUID=4f6a8f2b-15 /boot/efi vfat defaults 0 0\n/dev/vdb /mnt auto defaults,nofail 0 2\n")
	s.put("/etc/resolv.conf", "# resolved\nnameserver 127.0.0.53\n")
	s.put("/run/systemd/resolve/resolv.conf", "nameserver 10.0.0.2\n")
	s.put("/etc/nsswitch.conf", "hosts: files dns\n")
	s.put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 probe.novalocal probe\n::1 localhost ip6-localhost\n")
	s.put("/etc/os-release", "ID=debian\nVERSION_ID=\"12\"\nVERSION_CODENAME=bookworm\n")
	s.put("/etc/machine-id", "0123456789abcdef0123456789abcdef\n")
	s.link("/usr/share/zoneinfo/Etc/UTC", "/etc/localtime")
	s.put("/etc/passwd", "root:x:0:0:root:/root:/bin/bash\ndaemon:x:1:1::/usr/sbin:/usr/sbin/nologin\nsync:x:4:65534::/bin:/bin/sync\ndebian:x:1000:1000::/home/debian:/bin/bash\nnobody:x:65534:65534::/nonexistent:/usr/sbin/nologin\n")
	s.put("/etc/shadow", "root:*:19000:0:99999:7:::\ndaemon:*:19000:::::\ndebian:!:19000::::::\n")
	s.put("/etc/sudoers", "Defaults env_reset\nroot ALL=(ALL:ALL) ALL\n%sudo ALL=(ALL:ALL) ALL\n")
	s.put("/etc/sudoers.d/90-cloud-init-users", "debian ALL=(ALL) NOPASSWD:ALL\n")
	s.put("/etc/sysctl.conf", "")
	s.put("/etc/apt/sources.list", "deb https://deb.example/debian bookworm main\n")
	s.put("/etc/apt/apt.conf.d/10proxy", "// Acquire::http::Proxy \"http://proxy:3128\";\n# Acquire::http::Proxy \"http://proxy:3128\";\n")
	s.put("/etc/netplan/50-cloud-init.yaml", "network:\n  ethernets:\n    ens3:\n      match: {macaddress: "+ownMAC+"}\n      dhcp4: true\n      nameservers:\n        addresses:\n        - 9.9.9.9\n")
	s.put("/etc/udev/rules.d/70-persistent-net.rules", `SUBSYSTEM=="net", ATTR{address}=="`+ownMAC+`", NAME="ens3"`)
	s.put("/etc/ssh/ssh_host_ed25519_key", "a private key")
	s.put("/etc/ssh/sshd_config", "Include /etc/ssh/sshd_config.d/*.conf\nPasswordAuthentication yes\n")
	s.put("/etc/ssh/sshd_config.d/50-cloud-init.conf", "PasswordAuthentication no\n")
	s.put("/root/.ssh/authorized_keys", `no-port-forwarding,command="echo 'Please login as the user \"debian\".'" `+ownKey)
	s.put("/home/debian/.ssh/authorized_keys", ownKey+"\n")
	s.put("/usr/sbin/sshd", "")
	s.put("/usr/bin/cloud-init", "")
	s.put("/usr/bin/dpkg", "")
	s.put("/var/lib/dpkg/status", "")
	s.put("/lib/modules/6.1.0-9-amd64/modules.dep", "")
	s.put("/lib/modules/6.1.0-28-amd64/modules.dep", "")
	s.put("/var/lib/systemd/random-seed", "seed")
	s.put("/var/log/cloud-init.log", "all went well\n")
	s.put("/run/cloud-init/result.json", `{"v1": {"datasource": "DataSourceConfigDrive [net,ver=2][source=/dev/sr0]", "errors": []}}`)
	s.put("/run/cloud-init/status.json", `{"v1": {"datasource": "DataSourceConfigDrive [net,ver=2]", "stage": null, "init": {"errors": [], "recoverable_errors": {}}}}`)
	return s
}

// bare is a busybox in an initramfs: the least that the agent may meet.
func bare(t *testing.T) *sandbox {
	s := newSandbox(t)
	s.logError = fmt.Errorf("no /dev/kmsg")
	s.uname = guest.Uname{Machine: "x86_64", Release: "6.1.0", Node: "(none)"}
	s.put("/proc/self/mountinfo", "1 0 0:2 / / rw - rootfs rootfs rw\n")
	s.put("/bin/busybox", "")
	return s
}

func all(t *testing.T, g *guest.Guest) map[string]Result {
	t.Helper()
	found := map[string]Result{}
	for _, result := range RunAll(t.Context(), g, nil) {
		found[result.ID] = result
	}
	return found
}
