package checks

import (
	"context"
	"path/filepath"

	"imgmgr/agent/guest"
)

// What nobody can do without: network, block and SCSI devices, by virtio's numbers.
var vitalVirtio = map[string]string{"0x0001": "network", "0x0002": "block", "0x0008": "SCSI"}

// virtio asks less of a guest without udev, which loads no drivers by itself.
var virtio = Check{ID: "virtio", Title: "Every virtio device has its driver", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		devices := g.Glob("/sys/bus/virtio/devices/*")
		if len(devices) == 0 {
			return notApplicable("no virtio devices")
		}
		udev := g.Exists("/run/udev")
		var wrong []string
		for _, path := range devices {
			kind := g.Text(path + "/device")
			name, vital := vitalVirtio[kind]
			if name == "" {
				name = "type " + kind
			}
			if !g.Exists(path+"/driver") && (vital || udev) {
				wrong = append(wrong, filepath.Base(path)+" ("+name+") has no driver")
			}
		}
		return verdict(wrong, "%d devices", len(devices))
	}}
