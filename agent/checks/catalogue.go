package checks

// Catalogue returns every check, in the order in which they are reported; docs/checks.md describes each.
func Catalogue() []Check {
	return []Check{
		rootGrown, diskSize, rootFree, rootWritable, filesystemClean, fstab, rootCmdline,
		nicUp, address, defaultRoute, dns, mtu, metadata, configDrive, nicRules,
		cloudInitDone, cloudInitTraceback, datasource,
		hostname, sshHostKeys, machineID, clock,
		passwords, authorizedKeys, sshd, uid0, secureBoot, leftoverSecrets, buildLeftovers,
		failedUnits, architecture, osRelease, virtio, hwClaims, guestAgent, serialConsole, firmware, kernelLog, start, ready,

		swap, dhcp, ipv6, hostsFile, listeningSockets, cloudInitDegraded, randomSeed, clockDrift, ntpService,
		users, sudoers, sysctl, lsm, cpuMemory, rng, kernelNewest, packageDatabase,

		ioScheduler, timezone, bootTime, cgroup,
	}
}
