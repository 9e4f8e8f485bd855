package checks

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"

	"imgmgr/agent/guest"
)

var (
	diskDrivers = map[string]string{"virtio": "virtio_blk"}
	scsiDrivers = map[string]string{"virtio-scsi": "virtio_scsi", "lsilogic": "sym53c8xx", "lsisas1068": "mptsas", "vmpvscsi": "vmw_pvscsi"}
	vifDrivers  = map[string]string{"virtio": "virtio_net", "e1000": "e1000", "e1000e": "e1000e", "rtl8139": "8139cp", "vmxnet3": "vmxnet3"}
)

// hwClaims looks for the driver on the way from the device to the root of the bus, since a SCSI disk has it some steps up.
var hwClaims = Check{ID: "hw-claims", Title: "Disk and network are what the image's hw_ properties ask for", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		disk, vif := diskDrivers[g.Property("hw_disk_bus")], vifDrivers[g.Property("hw_vif_model")]
		if g.Property("hw_disk_bus") == "scsi" {
			disk = scsiDrivers[g.Property("hw_scsi_model")]
		}
		var wrong, right []string
		judge := func(name, path, want string) {
			if has := driversAbove(g, path); has[want] {
				right = append(right, name+" by "+want)
			} else {
				wrong = append(wrong, fmt.Sprintf("%s is not driven by %s", name, want))
			}
		}
		if disk != "" {
			names := g.Disks()
			if root, err := g.RootDisk(); err == nil {
				names = []string{root.Disk}
			}
			for _, name := range names {
				judge(name, "/sys/class/block/"+name, disk)
			}
		}
		if vif != "" {
			for _, nic := range g.NICs() {
				if g.Exists("/sys/class/net/" + nic.Name + "/device") {
					judge(nic.Name, "/sys/class/net/"+nic.Name, vif)
				}
			}
		}
		if len(wrong)+len(right) == 0 {
			return notApplicable("the image's properties say nothing of a disk or network interface that is here")
		}
		return verdict(wrong, "%s", list(right))
	}}

func driversAbove(g *guest.Guest, path string) map[string]bool {
	drivers := map[string]bool{}
	real, err := filepath.EvalSymlinks(g.Path(path + "/device"))
	if err != nil {
		return drivers
	}
	top := filepath.Clean(g.Path("/sys"))
	for at := real; strings.HasPrefix(at, top) && at != top; at = filepath.Dir(at) {
		inside := "/" + strings.TrimPrefix(strings.TrimPrefix(at, filepath.Clean(g.Root)), "/")
		if name := g.Link(inside + "/driver"); name != "" {
			drivers[name] = true
		}
	}
	return drivers
}
