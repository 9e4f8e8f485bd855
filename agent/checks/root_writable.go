package checks

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"

	"imgmgr/agent/guest"
)

// rootWritable writes 1 MiB through to the disk, reads it back and removes it.
var rootWritable = Check{ID: "root-writable", Title: "The root file system takes and returns data", Severity: Fail, Limit: 30e9,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		root, err := g.RootDisk()
		if err != nil {
			return notApplicable("%v", err)
		}
		if root.Mount.ReadOnly {
			return fail("the %s root is mounted read-only", root.Mount.Type)
		}
		file, err := os.CreateTemp(g.Path("/"), ".imgmgr-probe-*")
		if err != nil {
			return fail("no file can be made: %v", err)
		}
		defer os.Remove(file.Name())
		defer file.Close()
		data := make([]byte, 1<<20)
		for i := range data {
			data[i] = byte(rand.Uint32())
		}
		if _, err := file.Write(data); err != nil {
			return fail("1 MiB cannot be written: %v", err)
		}
		if err := file.Sync(); err != nil {
			return fail("1 MiB cannot be written through: %v", err)
		}
		again, err := os.ReadFile(file.Name())
		if err != nil || !bytes.Equal(again, data) {
			return fail("what was written is not what is read (%v)", err)
		}
		return pass("1 MiB written, synced and read on %s", root.Mount.Type)
	}}
