package checks

import (
	"context"
	"fmt"

	"imgmgr/agent/guest"
)

// diskSize allows a hundredth for what a volume back end rounds.
var diskSize = Check{ID: "disk-size", Title: "The disk is as large as the flavor says", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		want := g.Job.Expect.DiskBytes
		if want == 0 {
			return notApplicable("the disk's size is not known")
		}
		root, err := g.RootDisk()
		if err != nil {
			return notApplicable("%v", err)
		}
		has := g.BlockSize(root.Disk)
		if has < want-want/100 || has > want+want/100 {
			return fail("%s has %s instead of %s", root.Disk, mebibytes(has), mebibytes(want))
		}
		return pass("%s has %s", root.Disk, mebibytes(has))
	}}

func mebibytes(bytes int64) string {
	return fmt.Sprintf("%d MiB", bytes>>20)
}
