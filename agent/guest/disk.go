package guest

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
)

// Mount is one line of /proc/self/mountinfo.
type Mount struct {
	Device, Point, Type, Source string
	ReadOnly                    bool
}

// Mounts returns what is mounted, in the kernel's order.
func (g *Guest) Mounts() []Mount {
	var mounts []Mount
	for _, line := range g.Lines("/proc/self/mountinfo") {
		before, after, ok := strings.Cut(line, " - ")
		left, right := strings.Fields(before), strings.Fields(after)
		if !ok || len(left) < 6 || len(right) < 2 {
			continue
		}
		mount := Mount{Device: left[2], Point: left[4], Type: right[0], Source: right[1]}
		options := left[5]
		if len(right) > 2 {
			options += "," + right[2]
		}
		for option := range strings.SplitSeq(options, ",") {
			mount.ReadOnly = mount.ReadOnly || option == "ro"
		}
		mounts = append(mounts, mount)
	}
	return mounts
}

// RootDisk is where the root file system lies.
type RootDisk struct {
	Mount Mount
	// Device of the file system, its partition (the same unless there are volumes between) and the whole disk: names in /sys/class/block.
	Device, Partition, Disk string
}

// RootDisk finds the disk below "/"; where it has none, the error says what it is instead.
func (g *Guest) RootDisk() (RootDisk, error) {
	var root RootDisk
	for _, mount := range g.Mounts() {
		if mount.Point == "/" {
			root.Mount = mount
		}
	}
	if root.Mount.Type == "" {
		return root, fmt.Errorf("no root file system in /proc/self/mountinfo")
	}
	root.Device = g.blockDevice(root.Mount)
	if root.Device == "" {
		return root, fmt.Errorf("the root is %s, on no disk", root.Mount.Type)
	}
	root.Partition = root.Device
	for range 8 {
		below := g.Glob("/sys/class/block/" + root.Partition + "/slaves/*")
		if len(below) == 0 {
			break
		}
		root.Partition = filepath.Base(below[0])
	}
	root.Disk = root.Partition
	if g.Exists("/sys/class/block/" + root.Partition + "/partition") {
		whole, err := filepath.EvalSymlinks(g.Path("/sys/class/block/" + root.Partition))
		if err != nil {
			return root, err
		}
		root.Disk = filepath.Base(filepath.Dir(whole))
	}
	return root, nil
}

func (g *Guest) blockDevice(mount Mount) string {
	if !strings.HasPrefix(mount.Device, "0:") {
		for _, path := range g.Glob("/sys/class/block/*/dev") {
			if g.Text(path) == mount.Device {
				return filepath.Base(filepath.Dir(path))
			}
		}
	}
	// btrfs has a device number of its own; its source is the block device.
	if name, ok := strings.CutPrefix(mount.Source, "/dev/"); ok {
		if real, err := filepath.EvalSymlinks(g.Path(mount.Source)); err == nil {
			name = filepath.Base(real)
		}
		if g.Exists("/sys/class/block/" + name) {
			return name
		}
	}
	return ""
}

// BlockSize returns the size in bytes of a name in /sys/class/block; 0 where it is not known.
func (g *Guest) BlockSize(name string) int64 {
	sectors, _ := strconv.ParseInt(g.Text("/sys/class/block/"+name+"/size"), 10, 64)
	return sectors * 512
}

// Partitions returns the names of a disk's partitions.
func (g *Guest) Partitions(disk string) []string {
	var names []string
	for _, path := range g.Glob("/sys/class/block/" + disk + "/*/partition") {
		names = append(names, filepath.Base(filepath.Dir(path)))
	}
	return names
}

// Disks returns the names of all whole disks that a guest is given, without loops, CDs, RAM disks and volumes made of others.
func (g *Guest) Disks() []string {
	var names []string
	for _, path := range g.Glob("/sys/class/block/*") {
		name := filepath.Base(path)
		if strings.HasPrefix(name, "vd") || strings.HasPrefix(name, "sd") || strings.HasPrefix(name, "nvme") || strings.HasPrefix(name, "xvd") {
			if !g.Exists(path + "/partition") {
				names = append(names, name)
			}
		}
	}
	return names
}

// NIC is a network interface other than the loopback.
type NIC struct {
	Name, MAC, State string
	MTU              int
	Carrier          bool
}

// NICs returns the network interfaces, sorted by name.
func (g *Guest) NICs() []NIC {
	var nics []NIC
	for _, path := range g.Glob("/sys/class/net/*") {
		name := filepath.Base(path)
		// 1 is Ethernet; the file bonding_masters is no interface.
		if name == "lo" || g.Text(path+"/type") != "1" {
			continue
		}
		mtu, _ := strconv.Atoi(g.Text(path + "/mtu"))
		nics = append(nics, NIC{
			Name:    name,
			MAC:     strings.ToLower(g.Text(path + "/address")),
			State:   g.Text(path + "/operstate"),
			Carrier: g.Text(path+"/carrier") == "1",
			MTU:     mtu,
		})
	}
	return nics
}
