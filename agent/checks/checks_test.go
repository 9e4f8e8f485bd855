package checks

import (
	"context"
	"fmt"
	"net/netip"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"imgmgr/agent/guest"
	"imgmgr/agent/job"
)

// trips: for every check, what makes it fail on a guest that passes everything else.
var trips = map[string]map[string]func(*sandbox){
	"root-grown": {
		"the file system was not grown": func(s *sandbox) { s.stat.Size, s.stat.Available = 2*gib, gib },
		"the partition was not grown": func(s *sandbox) {
			s.put("/sys/class/block/vda1/size", fmt.Sprint(2*gib/512))
			s.stat.Size, s.stat.Available = 2*gib-40<<20, gib
		},
	},
	"disk-size": {"the disk is the image's, not the flavor's": func(s *sandbox) { s.Job.Expect.DiskBytes = 20 * gib }},
	"root-free": {"hardly a byte is free": func(s *sandbox) { s.stat.Available = gib / 2 }, "inodes run out": func(s *sandbox) { s.stat.InodesAvail = 60_000 }},
	"root-writable": {"mounted read-only": func(s *sandbox) {
		s.put("/proc/self/mountinfo", "22 1 254:1 / / ro,relatime - ext4 /dev/vda1 rw")
	}},
	"filesystem-clean": {
		"ext4 counted errors": func(s *sandbox) { s.put("/sys/fs/ext4/vda1/errors_count", "3") },
		"the disk fails": func(s *sandbox) {
			s.log = append(s.log, guest.KernelLine{Level: 3, Text: "blk_update_request: I/O error, dev vda, sector 42"})
		},
	},
	"fstab": {
		"an unknown uuid":     func(s *sandbox) { s.put("/etc/fstab", "UUID=6d1b /data ext4 defaults 0 2") },
		"a loop device":       func(s *sandbox) { s.put("/etc/fstab", "/dev/mapper/loop0p1 / ext4 defaults 0 1") },
		"a disk that is gone": func(s *sandbox) { s.put("/etc/fstab", "/dev/sdb1 /data ext4 defaults 0 2") },
	},
	"root-cmdline": {
		"a name by order": func(s *sandbox) { s.put("/proc/cmdline", "root=/dev/vda1 console=ttyS0") },
		"a loop device":   func(s *sandbox) { s.put("/proc/cmdline", "root=/dev/mapper/loop0p1 console=ttyS0") },
	},
	"nic-up": {"the interface is down": func(s *sandbox) { s.put("/sys/class/net/ens3/operstate", "down") }},
	"address": {"another address": func(s *sandbox) {
		s.has["ens3"] = []netip.Addr{netip.MustParseAddr("10.0.0.99"), netip.MustParseAddr("2001:db8::5")}
	}},
	"default-route": {"no route": func(s *sandbox) {
		s.put("/proc/net/route", "Iface Destination\nens3 0000000A 00000000 0001 0 0 100 00FFFFFF 0 0 0\n")
	}},
	"dns": {
		"no nameserver":          func(s *sandbox) { s.put("/run/systemd/resolve/resolv.conf", "search example\n") },
		"a name is not resolved": func(s *sandbox) { delete(s.names, "mirror.example") },
		"R10: no configured nameserver answers": func(s *sandbox) {
			s.Job.Lookup, s.silent["10.0.0.2"] = "", true
		},
		"R10: one of several does not answer": func(s *sandbox) {
			s.put("/run/systemd/resolve/resolv.conf", "nameserver 10.0.0.2\nnameserver fe80::1%ens3\n")
			s.Job.Lookup, s.silent["fe80::1%ens3"] = "", true
		},
		"R10: a nameserver that is no address": func(s *sandbox) {
			s.put("/etc/resolv.conf", "nameserver dns.example\n")
			s.Job.Lookup = ""
		},
		"R10: the stub answers, the server behind it does not": func(s *sandbox) {
			s.put("/etc/resolv.conf", "nameserver 127.0.0.1\n")
			s.put("/run/NetworkManager/no-stub-resolv.conf", "nameserver 10.0.0.9\n")
			s.Job.Lookup, s.silent["10.0.0.9"] = "", true
		},
		"R10: beside one that is known to be silent, another gives no answer": func(s *sandbox) {
			s.put("/etc/resolv.conf", "nameserver 10.0.2.3\nnameserver 10.0.0.9\n")
			s.Job.Lookup, s.silent["10.0.2.3"], s.silent["10.0.0.9"] = "", true, true
			s.Job.Expect.SilentNameservers = []string{"10.0.2.3"}
		},
		"R10: none is configured, though one is known to be silent": func(s *sandbox) {
			s.put("/etc/resolv.conf", "")
			s.Job.Lookup, s.Job.Expect.SilentNameservers = "", []string{"10.0.2.3"}
		},
		"resolv.conf leads nowhere": func(s *sandbox) { s.remove("/etc/resolv.conf"); s.link("../run/nothing", "/etc/resolv.conf") },
	},
	"mtu":      {"the default of Ethernet": func(s *sandbox) { s.put("/sys/class/net/ens3/mtu", "1500") }},
	"metadata": {"no answer": func(s *sandbox) { s.Service = &guest.Openstack{Problem: "connection refused"} }},
	"config-drive": {"no drive": func(s *sandbox) {
		network := s.Drive.Network
		s.Drive = &guest.Openstack{Problem: "no device is labelled config-2", Network: network}
	}},
	"nic-rules": {"the builder's card": func(s *sandbox) {
		s.put("/etc/udev/rules.d/70-persistent-net.rules", `SUBSYSTEM=="net", ATTR{address}=="52:54:00:12:34:56", NAME="eth0"`)
	}},
	"cloud-init-done": {"a stage failed": func(s *sandbox) {
		s.put("/run/cloud-init/result.json", `{"v1": {"datasource": "DataSourceConfigDrive", "errors": ["('scripts_user', RuntimeError())"]}}`)
	}, "it has not finished": func(s *sandbox) { s.remove("/run/cloud-init/result.json") }},
	"cloud-init-traceback": {"an exception": func(s *sandbox) {
		s.put("/var/log/cloud-init.log", "Traceback (most recent call last):\n  File x\nKeyError: 'the text of user-data'\n")
	}},
	"datasource": {"none": func(s *sandbox) {
		s.put("/run/cloud-init/result.json", `{"v1": {"datasource": "DataSourceNone", "errors": []}}`)
	}, "not the one that is asked for": func(s *sandbox) {
		s.put("/run/cloud-init/result.json", `{"v1": {"datasource": "DataSourceNoCloud [seed=/dev/sr0]", "errors": []}}`)
	}},
	"hostname": {"the builder's": func(s *sandbox) {
		s.uname.Node = "builder"
		s.put("/etc/hosts", "127.0.0.1 localhost\n127.0.1.1 builder\n::1 localhost\n")
	}},
	"ssh-host-keys": {"baked": func(s *sandbox) { s.old("/etc/ssh/ssh_host_ed25519_key") }, "missing": func(s *sandbox) { s.remove("/etc/ssh/ssh_host_ed25519_key") }},
	"machine-id": {
		"baked":             func(s *sandbox) { s.old("/etc/machine-id") },
		"uninitialized":     func(s *sandbox) { s.put("/etc/machine-id", "uninitialized\n") },
		"empty":             func(s *sandbox) { s.put("/etc/machine-id", "") },
		"missing":           func(s *sandbox) { s.remove("/etc/machine-id") },
		"another for D-Bus": func(s *sandbox) { s.put("/var/lib/dbus/machine-id", "fedcba9876543210fedcba9876543210") },
	},
	"clock": {"hours ahead": func(s *sandbox) { *s.ClockOffset = 2 * time.Hour }, "behind": func(s *sandbox) { *s.ClockOffset = -6 * time.Second }},
	"passwords": {
		"a hash": func(s *sandbox) { s.put("/etc/shadow", "root:"+theHash+":19000::::::\n") },
		"empty":  func(s *sandbox) { s.put("/etc/shadow", "root::19000::::::\n") },
		"empty in passwd": func(s *sandbox) {
			s.put("/etc/passwd", "root::0:0:root:/root:/bin/bash\ndebian:x:1000:1000::/home/debian:/bin/bash\n")
		},
	},
	"authorized-keys": {
		"the builder's key": func(s *sandbox) { s.put("/home/debian/.ssh/authorized_keys", ownKey+"\n"+badKey+"\n") },
		"in a home outside of /home": func(s *sandbox) {
			s.put("/etc/passwd", "root:x:0:0::/root:/bin/bash\ngit:x:990:990::/srv/git:/usr/sbin/nologin\ndebian:x:1000:1000::/home/debian:/bin/bash\n")
			s.put("/srv/git/.ssh/authorized_keys", badKey)
		},
		"the given key is nowhere": func(s *sandbox) { s.remove("/root/.ssh"); s.remove("/home/debian/.ssh") },
		"none may be there":        func(s *sandbox) { s.Job.Expect.SSHKey = nil },
	},
	"sshd": {
		"passwords by sshd -T": func(s *sandbox) {
			s.commands["[sshd -T]"] = guest.Output{Text: "permitrootlogin no\npasswordauthentication yes"}
		},
		"root by sshd -T": func(s *sandbox) {
			s.commands["[sshd -T]"] = guest.Output{Text: "permitrootlogin yes\npasswordauthentication no"}
		},
		"passwords by the files": func(s *sandbox) {
			delete(s.commands, "[sshd -T]")
			s.put("/etc/ssh/sshd_config.d/10-build.conf", "PasswordAuthentication yes\n")
		},
		"passwords by default": func(s *sandbox) {
			delete(s.commands, "[sshd -T]")
			s.put("/etc/ssh/sshd_config", "Port 22\nMatch User x\nPasswordAuthentication no\n")
		},
	},
	"uid-0": {"a second root": func(s *sandbox) {
		s.put("/etc/passwd", "root:x:0:0::/root:/bin/bash\ntoor:x:0:0::/root:/usr/sbin/nologin\ndebian:x:1000:1000::/home/debian:/bin/bash\n")
	}},
	"secure-boot": {
		"off":        func(s *sandbox) { s.put("/sys/firmware/efi/efivars/SecureBoot"+efiGlobal, "\x06\x00\x00\x00\x00") },
		"setup mode": func(s *sandbox) { s.put("/sys/firmware/efi/efivars/SetupMode"+efiGlobal, "\x06\x00\x00\x00\x01") },
	},
	"leftover-secrets": {
		"a history":       func(s *sandbox) { s.put("/root/.bash_history", "ls") },
		"a private key":   func(s *sandbox) { s.put("/home/debian/.ssh/deploy", "-----BEGIN OPENSSH PRIVATE KEY-----\nabc") },
		"cloud access":    func(s *sandbox) { s.put("/home/debian/.config/openstack/clouds.yaml", "clouds:") },
		"a login for apt": func(s *sandbox) { s.put("/etc/apt/auth.conf", "machine m login l password hunter2") },
		"build variables": func(s *sandbox) { s.put("/etc/dib-manifests/dib_environment", `declare -x DIB_REG_PASSWORD="hunter2"`) },
	},
	"build-leftovers": {
		"policy-rc.d":        func(s *sandbox) { s.put("/usr/sbin/policy-rc.d", "exit 101") },
		"a proxy":            func(s *sandbox) { s.put("/etc/apt/apt.conf.d/01proxy", `Acquire::http::Proxy "http://10.1.1.1:3142";`) },
		"the build's mirror": func(s *sandbox) { s.put("/etc/apt/sources.list", "deb http://127.0.0.1:8080/debian bookworm main") },
	},
	"failed-units": {"one failed": func(s *sandbox) {
		s.commands["[systemctl list-units --state=failed --no-legend --plain --no-pager]"] = guest.Output{Text: "lab.service loaded failed failed Lab"}
	}},
	"architecture": {"another machine": func(s *sandbox) { s.Job.Expect.Properties["architecture"] = "aarch64" }},
	"os-release": {
		"another system":  func(s *sandbox) { s.Job.Expect.Properties["os_distro"] = "ubuntu" },
		"another version": func(s *sandbox) { s.Job.Expect.Properties["os_version"] = "11" },
	},
	"virtio": {"no driver": func(s *sandbox) {
		s.put("/sys/devices/pci0000:00/0000:00:05.0/virtio2/device", "0x0005")
		s.link("../../../devices/pci0000:00/0000:00:05.0/virtio2", "/sys/bus/virtio/devices/virtio2")
	}},
	"hw-claims": {
		"another disk bus": func(s *sandbox) {
			s.Job.Expect.Properties["hw_disk_bus"] = "scsi"
			s.Job.Expect.Properties["hw_scsi_model"] = "virtio-scsi"
		},
		"another interface": func(s *sandbox) { s.Job.Expect.Properties["hw_vif_model"] = "e1000" },
	},
	"guest-agent":    {"it does not run": func(s *sandbox) { s.remove("/proc/400") }},
	"serial-console": {"the screen alone": func(s *sandbox) { s.put("/sys/class/tty/console/active", "tty0") }},
	"firmware":       {"BIOS is asked for": func(s *sandbox) { s.Job.Expect.Properties["hw_firmware_type"] = "bios" }},
	"kernel-log": {
		"a bug": func(s *sandbox) {
			s.log = append(s.log, guest.KernelLine{Level: 1, Text: "BUG: kernel NULL pointer dereference"})
		},
		"out of memory": func(s *sandbox) {
			s.log = append(s.log, guest.KernelLine{Level: 3, Text: "Out of memory: Killed process 1"})
		},
	},
	"start": {"it fails when all is ready": func(s *sandbox) { s.commands["[/bin/sh -c serve]"] = guest.Output{Last: "no port", Code: 3} }},
	"ready": {"it fails": func(s *sandbox) { s.commands["[/bin/sh -c true]"] = guest.Output{Last: "one\nnot yet", Code: 3} }},

	"swap": {"a file": func(s *sandbox) { s.put("/proc/swaps", "Filename Type\n/swapfile file 1 0 -2\n") },
		"a partition": func(s *sandbox) { s.put("/proc/swaps", "Filename Type\n/dev/vda2 partition 1 0 -2\n") }},
	"dhcp": {
		"in interfaces": func(s *sandbox) {
			s.put("/etc/network/interfaces", "iface eth0 inet static\n  address 192.168.122.7/24\n")
		},
		"in netplan": func(s *sandbox) { s.put("/etc/netplan/00-build.yaml", "addresses:\n  - 192.168.122.7/24\n") },
	},
	"ipv6": {"none came": func(s *sandbox) { s.has["ens3"] = s.has["ens3"][:1] }},
	"hosts-file": {"no localhost": func(s *sandbox) { s.put("/etc/hosts", "127.0.1.1 probe\n::1 localhost") },
		"the own name": func(s *sandbox) { s.put("/etc/hosts", "127.0.0.1 localhost\n::1 localhost") }},
	"listening-sockets": {"a web server": func(s *sandbox) { s.put("/proc/net/tcp", "sl local rem st\n 0: 00000000:0050 00000000:0000 0A\n") },
		"rpcbind": func(s *sandbox) {
			s.put("/proc/net/udp6", "sl local rem st\n 0: 00000000000000000000000000000000:006F 0:0 07\n")
		}},
	"cloud-init-degraded": {"deprecated keys": func(s *sandbox) {
		s.put("/run/cloud-init/status.json", `{"v1": {"init": {"recoverable_errors": {"DEPRECATED": ["the text of user-data"]}}}}`)
	}},
	"random-seed": {"baked": func(s *sandbox) { s.old("/var/lib/systemd/random-seed") }},
	"clock-drift": {"two seconds": func(s *sandbox) { *s.ClockOffset = 2 * time.Second }},
	"ntp-service": {"none runs": func(s *sandbox) { s.remove("/proc/410") }},
	"users": {"a second person": func(s *sandbox) {
		s.put("/etc/passwd", "root:x:0:0::/root:/bin/bash\ndebian:x:1000:1000::/home/debian:/bin/bash\njoe:x:1001:1001::/home/joe:/bin/bash\n")
	}, "a service with a shell": func(s *sandbox) {
		s.put("/etc/passwd", "root:x:0:0::/root:/bin/bash\ndebian:x:1000:1000::/home/debian:/bin/bash\nsvc:x:990:990::/srv:/bin/sh\n")
	}},
	"sudoers": {"another user": func(s *sandbox) { s.put("/etc/sudoers.d/build", "joe ALL=(ALL) NOPASSWD:ALL") },
		"targetpw": func(s *sandbox) { s.put("/etc/sudoers", "Defaults targetpw\nALL ALL=(ALL) ALL") }},
	"sysctl":        {"it forwards": func(s *sandbox) { s.put("/proc/sys/net/ipv4/ip_forward", "1") }},
	"lsm":           {"none": func(s *sandbox) { s.put("/sys/kernel/security/lsm", "lockdown,capability") }, "permissive": func(s *sandbox) { s.put("/sys/fs/selinux/enforce", "0") }},
	"cpu-memory":    {"a CPU is missing": func(s *sandbox) { s.Job.Expect.VCPUs = 4 }, "memory is missing": func(s *sandbox) { s.Job.Expect.RAMMiB = 4096 }},
	"rng":           {"no generator": func(s *sandbox) { s.put("/sys/class/misc/hw_random/rng_current", "none") }, "little entropy": func(s *sandbox) { s.put("/proc/sys/kernel/random/entropy_avail", "12") }},
	"kernel-newest": {"an old one runs": func(s *sandbox) { s.uname.Release = "6.1.0-9-amd64" }},
	"package-database": {"half installed": func(s *sandbox) {
		s.commands["[dpkg --audit]"] = guest.Output{Text: "The following packages are only half configured"}
	}},

	"io-scheduler": {"one for turning disks": func(s *sandbox) { s.put("/sys/class/block/vda/queue/scheduler", "none [bfq]") }},
	"timezone": {"the builder's": func(s *sandbox) {
		s.remove("/etc/localtime")
		s.link("/usr/share/zoneinfo/Europe/Berlin", "/etc/localtime")
	}},
	"boot-time": {"minutes": func(s *sandbox) {
		s.commands["[systemctl show --property=FinishTimestampMonotonic --value]"] = guest.Output{Text: "300000000"}
	}},
	"cgroup": {"version 1": func(s *sandbox) { s.remove("/sys/fs/cgroup/cgroup.controllers"); s.folder("/sys/fs/cgroup/memory") }},
}

func TestAHealthyGuestPassesEveryCheck(t *testing.T) {
	for id, result := range all(t, healthy(t).Guest) {
		if result.Outcome != Passed {
			t.Errorf("%s: outcome %d, %s", id, result.Outcome, result.Detail)
		}
	}
}

func TestEveryCheckTripsOnItsOwnFaultAndNoOtherDoes(t *testing.T) {
	for id := range trips {
		if !slices.ContainsFunc(Catalogue(), func(check Check) bool { return check.ID == id }) {
			t.Errorf("%s has a fault, but is not in the catalogue", id)
		}
	}
	for _, check := range Catalogue() {
		if len(trips[check.ID]) == 0 {
			t.Errorf("%s has no fault that it trips on", check.ID)
		}
		for name, sabotage := range trips[check.ID] {
			t.Run(check.ID+"/"+name, func(t *testing.T) {
				s := healthy(t)
				sabotage(s)
				for id, result := range all(t, s.Guest) {
					if (result.Outcome == Failed) != (id == check.ID) {
						t.Errorf("%s: outcome %d, %s", id, result.Outcome, result.Detail)
					}
					if result.Outcome == Broken {
						t.Errorf("%s could not be done: %s", id, result.Detail)
					}
				}
			})
		}
	}
}

func TestABareGuestPassesNothingThatItCannotShow(t *testing.T) {
	wanted := map[string]Outcome{"nic-up": Failed, "default-route": Failed, "clock": Broken, "kernel-log": Broken, "serial-console": Broken}
	for id, result := range all(t, bare(t).Guest) {
		want, ok := wanted[id]
		if !ok {
			want = NotApplicable
		}
		if result.Outcome != want || result.Detail == "" {
			t.Errorf("%s: outcome %d instead of %d, %q", id, result.Outcome, want, result.Detail)
		}
	}
}

func TestClaimsThatAnImageDoesNotMakeAreNotApplicable(t *testing.T) {
	s := healthy(t)
	s.Job.Expect = job.Expectation{}
	s.Job.Start, s.Job.Ready, s.Drive, s.Service = "", "", nil, nil
	results := all(t, s.Guest)
	for _, id := range []string{"disk-size", "address", "mtu", "metadata", "config-drive", "secure-boot", "architecture", "os-release", "hw-claims",
		"guest-agent", "firmware", "start", "ready", "ipv6", "cpu-memory", "hostname"} {
		if results[id].Outcome != NotApplicable {
			t.Errorf("%s: outcome %d, %s", id, results[id].Outcome, results[id].Detail)
		}
	}
}

func TestWhatIsSwitchedOffIsNotRun(t *testing.T) {
	for _, result := range RunAll(t.Context(), healthy(t).Guest, []string{"ready", "swap"}) {
		if result.ID == "ready" || result.ID == "swap" {
			t.Errorf("%s was run", result.ID)
		}
	}
}

func TestACheckThatHangsOrPanicsIsReportedAndHoldsNobodyUp(t *testing.T) {
	s := healthy(t)
	release := make(chan struct{})
	defer close(release)
	hangs := Check{ID: "hangs", Limit: 20 * time.Millisecond, Run: func(context.Context, *guest.Guest) Finding { <-release; return pass("") }}
	panics := Check{ID: "panics", Run: func(context.Context, *guest.Guest) Finding { panic("what") }}
	for _, check := range []Check{hangs, panics} {
		if result := runOne(t.Context(), s.Guest, check); result.Outcome != Broken || result.Took > 5*time.Second {
			t.Errorf("%s: outcome %d after %s, %s", check.ID, result.Outcome, result.Took, result.Detail)
		}
	}
}

func TestDetailsHoldNoSecrets(t *testing.T) {
	s := healthy(t)
	s.commands["[/bin/sh -c true]"] = guest.Output{Last: theHash + " " + ownKey + " " + token + "\x1b[31m", Code: 1}
	s.commands["[/bin/sh -c serve]"] = guest.Output{Last: theHash + "\n" + token + "\x1b[31m", Code: 1}
	s.put("/etc/shadow", "root:"+theHash+":1::::::\n")
	s.put("/home/debian/.ssh/authorized_keys", badKey)
	s.put("/etc/apt/auth.conf", "machine m login l password hunter2")
	s.put("/var/log/cloud-init.log", "Traceback (most recent call last):\nValueError: user-data says hunter2\n")
	s.put("/run/cloud-init/status.json", `{"v1": {"init": {"recoverable_errors": {"WARNING": ["hunter2"]}}}}`)
	for id, result := range all(t, s.Guest) {
		for _, secret := range []string{theHash, "AAAAC3Nza", token, "hunter2", "\x1b", "\n"} {
			if strings.Contains(result.Detail, secret) {
				t.Errorf("%s says %q", id, result.Detail)
			}
		}
	}
}

func TestADetailIsOneLineOfAtMost500Characters(t *testing.T) {
	s := healthy(t)
	s.commands["[/bin/sh -c true]"] = guest.Output{Last: strings.Repeat("é", 2000), Code: 1}
	s.commands["[sshd -T]"] = guest.Output{Text: "permitrootlogin " + strings.Repeat("é", 2000)}
	for id, result := range all(t, s.Guest) {
		if length := len([]rune(result.Detail)); length > 500 {
			t.Errorf("%s: %d characters", id, length)
		}
	}
}

func TestOSReleaseKnowsTheNamesOfGlance(t *testing.T) {
	for _, one := range []struct {
		distro, version, id, versionID string
		same                           bool
	}{
		{"opensuse", "15.6", "opensuse-leap", "15.6", true}, {"rocky", "9", "rocky", "9.4", true}, {"rocky", "9.4", "rocky", "9.4", true},
		{"rocky", "8", "rocky", "9.4", false}, {"almalinux", "9", "almalinux", "9.5", true}, {"centos", "9-stream", "centos", "9", true},
		{"rhel", "9.4", "rhel", "9.4", true}, {"debian", "12.9", "debian", "12", true}, {"debian", "bookworm", "debian", "12", true},
		{"debian", "1", "debian", "12", false}, {"ubuntu", "24.04", "ubuntu", "24.04", true}, {"alpinelinux", "3.20", "alpine", "3.20.1", true},
		{"cirros", "0.6.2", "cirros", "0.6.2", true}, {"arch", "", "arch", "", true}, {"fedora", "41", "fedora", "42", false},
	} {
		s := healthy(t)
		s.Job.Expect.Properties = map[string]string{"os_distro": one.distro, "os_version": one.version}
		s.put("/etc/os-release", "ID="+one.id+"\nVERSION_ID=\""+one.versionID+"\"\nVERSION_CODENAME=bookworm\n")
		if result := osRelease.Run(t.Context(), s.Guest); (result.Outcome == Passed) != one.same {
			t.Errorf("%+v: outcome %d, %s", one, result.Outcome, result.Detail)
		}
	}
}

func TestDefaultRouteIsNotAskedForWhereTheNetworkHasNoGateway(t *testing.T) {
	s := healthy(t)
	trips["default-route"]["no route"](s)
	s.Drive.Network.Networks = append(s.Drive.Network.Networks, struct {
		Type   string `json:"type"`
		Routes []struct {
			Network string `json:"network"`
			Netmask string `json:"netmask"`
		} `json:"routes"`
	}{Type: "ipv4"})
	if result := defaultRoute.Run(t.Context(), s.Guest); result.Outcome != NotApplicable {
		t.Errorf("outcome %d, %s", result.Outcome, result.Detail)
	}
	s.Drive.Network.Networks[0].Type = "ipv4_dhcp"
	if result := defaultRoute.Run(t.Context(), s.Guest); result.Outcome != Failed {
		t.Errorf("with DHCP: outcome %d, %s", result.Outcome, result.Detail)
	}
}

func TestARootOnAVolumeOfLVMIsTracedToItsDisk(t *testing.T) {
	s := healthy(t)
	s.put("/proc/self/mountinfo", "22 1 253:0 / / rw - xfs /dev/mapper/vg-root rw")
	s.put("/sys/class/block/dm-0/dev", "253:0")
	s.put("/sys/class/block/dm-0/size", fmt.Sprint(sectors10-300000))
	s.folder("/sys/class/block/dm-0/slaves/vda1")
	root, err := s.RootDisk()
	if err != nil || root.Device != "dm-0" || root.Partition != "vda1" || root.Disk != "vda" {
		t.Fatalf("%+v, %v", root, err)
	}
	if result := rootGrown.Run(t.Context(), s.Guest); result.Outcome != Passed {
		t.Errorf("outcome %d, %s", result.Outcome, result.Detail)
	}
}

func TestABtrfsRootIsFoundByItsSource(t *testing.T) {
	s := healthy(t)
	s.put("/proc/self/mountinfo", "22 1 0:30 /@ / rw - btrfs /dev/vda1 rw,subvol=/@")
	if root, err := s.RootDisk(); err != nil || root.Disk != "vda" {
		t.Fatalf("%+v, %v", root, err)
	}
}

func TestR10EveryConfiguredNameserverAnswersWhereNoNameIsGiven(t *testing.T) {
	s := healthy(t)
	s.Job.Lookup = ""
	s.put("/etc/resolv.conf", "nameserver 127.0.0.53\nnameserver 10.0.0.2\n")
	s.put("/run/systemd/resolve/resolv.conf", "nameserver 10.0.0.2\nnameserver fe80::1%ens3\n")
	result := dns.Run(t.Context(), s.Guest)
	if result.Outcome != Passed || !strings.HasPrefix(result.Detail, "nameserver 10.0.0.2, fe80::1%ens3: ") {
		t.Errorf("outcome %d, %s", result.Outcome, result.Detail)
	}
}

func TestR10ANameserverThatIsKnownToBeSilentIsReportedAndNotAsked(t *testing.T) {
	for name, one := range map[string]struct {
		configured, lookup string
		outcome            Outcome
		detail             string
	}{
		"it alone":        {"nameserver 10.0.2.3\n", "", NotApplicable, "not asked: nameserver 10.0.2.3 relays to"},
		"beside another":  {"nameserver 10.0.2.3\nnameserver 10.0.0.2\n", "", Passed, "not asked: nameserver 10.0.2.3 relays to"},
		"with a name":     {"nameserver 10.0.2.3\n", "absent.example", NotApplicable, "absent.example cannot be resolved: nameserver 10.0.2.3 relays to"},
		"a name resolved": {"nameserver 10.0.2.3\n", "mirror.example", Passed, "mirror.example is "},
		"a name, another": {"nameserver 10.0.2.3\nnameserver 10.0.0.2\n", "absent.example", Failed, "cannot be resolved by 10.0.2.3, 10.0.0.2"},
	} {
		s := healthy(t)
		s.put("/etc/resolv.conf", one.configured)
		s.Job.Lookup, s.silent["10.0.2.3"] = one.lookup, true
		s.Job.Expect.SilentNameservers = []string{"10.0.2.3"}
		result := dns.Run(t.Context(), s.Guest)
		if result.Outcome != one.outcome || !strings.Contains(result.Detail, one.detail) {
			t.Errorf("%s: outcome %d, %s", name, result.Outcome, result.Detail)
		}
	}
}

func TestR10TheJobOfAnOlderImgmgrAsksNobody(t *testing.T) {
	s := healthy(t)
	s.put("/etc/resolv.conf", "nameserver 10.0.2.3\n")
	s.Job.Lookup, s.Job.Expect.SilentNameservers, s.silent["10.0.2.3"] = "", nil, true
	result := dns.Run(t.Context(), s.Guest)
	if result.Outcome != Passed || !strings.Contains(result.Detail, "not asked") {
		t.Errorf("outcome %d, %s", result.Outcome, result.Detail)
	}
}

func TestTheProbeFileIsRemoved(t *testing.T) {
	s := healthy(t)
	rootWritable.Run(t.Context(), s.Guest)
	if left := s.Glob("/.imgmgr-probe-*"); len(left) > 0 {
		t.Errorf("left: %v", left)
	}
}

func TestTheCatalogueIsThatOfTheDocumentation(t *testing.T) {
	text, err := os.ReadFile("../../docs/checks.md")
	must(t, err)
	var told, known []string
	for _, match := range regexp.MustCompile("(?m)^\\| `([a-z0-9-]+)` +\\| (fail|warn|info) ").FindAllStringSubmatch(string(text), -1) {
		told = append(told, match[1]+" "+match[2])
	}
	for _, check := range Catalogue() {
		known = append(known, check.ID+" "+string(check.Severity))
		if check.Title == "" || check.Run == nil {
			t.Errorf("%s is not complete", check.ID)
		}
		if _, err := os.Stat(strings.ReplaceAll(check.ID, "-", "_") + ".go"); err != nil {
			t.Errorf("%s has no file of its own", check.ID)
		}
	}
	if !slices.Equal(told, known) {
		t.Errorf("docs/checks.md describes\n%v\nthe agent does\n%v", told, known)
	}
}
