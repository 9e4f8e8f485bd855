package checks

import (
	"context"

	"imgmgr/agent/guest"
)

// rootGrown compares the file system with its partition, and the partition with what the others leave of the disk.
var rootGrown = Check{ID: "root-grown", Title: "The root file system fills its disk", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		root, err := g.RootDisk()
		if err != nil {
			return notApplicable("%v", err)
		}
		stat, err := g.StatFS("/")
		if err != nil {
			return broken("statfs of /: %v", err)
		}
		disk, device := g.BlockSize(root.Disk), g.BlockSize(root.Device)
		if disk == 0 || device == 0 {
			return broken("the size of %s is not known", root.Disk)
		}
		if root.Partition != root.Disk {
			room := disk
			for _, other := range g.Partitions(root.Disk) {
				if other != root.Partition {
					room -= g.BlockSize(other)
				}
			}
			if has := g.BlockSize(root.Partition); has*10 < room*9 {
				return fail("partition %s has %s of the %s that it could have", root.Partition, mebibytes(has), mebibytes(room))
			}
		}
		if int64(stat.Size)*10 < device*9 {
			return fail("the %s root has %s of the %s of %s", root.Mount.Type, mebibytes(int64(stat.Size)), mebibytes(device), root.Device)
		}
		return pass("%s of %s", mebibytes(int64(stat.Size)), mebibytes(disk))
	}}
