package checks

import (
	"context"
	"fmt"
	"strconv"
	"strings"

	"imgmgr/agent/guest"
)

// The kernel keeps some memory for itself: a tenth, or this much in small guests.
const keptMiB = 128

var cpuMemory = Check{ID: "cpu-memory", Title: "CPUs and memory are those of the flavor", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		cpus, memory := CPUs(g), MemoryMiB(g)
		wantCPUs, wantMiB := g.Job.Expect.VCPUs, g.Job.Expect.RAMMiB
		if wantCPUs == 0 && wantMiB == 0 {
			return notApplicable("the flavor is not known")
		}
		var wrong []string
		if wantCPUs > 0 && cpus != wantCPUs {
			wrong = append(wrong, fmt.Sprintf("%d CPUs instead of %d", cpus, wantCPUs))
		}
		if wantMiB > 0 && memory < wantMiB-max(wantMiB/10, keptMiB) {
			wrong = append(wrong, fmt.Sprintf("%d MiB instead of %d", memory, wantMiB))
		}
		return verdict(wrong, "%d CPUs, %d MiB", cpus, memory)
	}}

// CPUs returns how many processors the kernel uses.
func CPUs(g *guest.Guest) int {
	count := 0
	for _, line := range g.Lines("/proc/cpuinfo") {
		if strings.HasPrefix(line, "processor") {
			count++
		}
	}
	return count
}

// MemoryMiB returns the kernel's MemTotal.
func MemoryMiB(g *guest.Guest) int64 {
	for _, line := range g.Lines("/proc/meminfo") {
		if fields := strings.Fields(line); len(fields) > 1 && fields[0] == "MemTotal:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib / 1024
		}
	}
	return 0
}
