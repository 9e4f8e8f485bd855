package identity

import (
	"errors"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"imgmgr/agent/guest"
)

const driveLabel = "config-2"

// readFile gives the content of a file of the config drive.
type readFile func(path string) ([]byte, error)

// openDrive finds the config drive: mounted by somebody, else by its label among the block devices. The caller closes it.
func openDrive(g *guest.Guest) (readFile, func(), error) {
	devices := map[string]bool{}
	for _, path := range g.Glob("/sys/class/block/*") {
		if name := filepath.Base(path); !strings.HasPrefix(name, "loop") && !strings.HasPrefix(name, "ram") {
			devices["/dev/"+name] = true
		}
	}
	for _, mount := range g.Mounts() {
		folder := strings.ReplaceAll(mount.Point, `\040`, " ")
		if devices[mount.Source] && (mount.Type == "iso9660" || mount.Type == "vfat") && g.Exists(folder+"/openstack/latest/meta_data.json") {
			return func(path string) ([]byte, error) { return os.ReadFile(g.Path(folder + "/" + path)) }, func() {}, nil
		}
	}
	for device := range devices {
		file, err := os.Open(g.Path(device))
		if err != nil {
			continue
		}
		if volume, err := openISO(file); err == nil && strings.EqualFold(volume.label, driveLabel) {
			return volume.read, func() { file.Close() }, nil
		}
		label := fatLabel(file)
		file.Close()
		if strings.EqualFold(label, driveLabel) {
			return mountFAT(g.Path(device))
		}
	}
	return nil, nil, errors.New("no device is labelled config-2")
}

// fatLabel reads the label in a FAT boot sector, which has one place in FAT32 and another in its forerunners.
func fatLabel(file *os.File) string {
	sector := make([]byte, 512)
	if _, err := file.ReadAt(sector, 0); err != nil || sector[510] != 0x55 || sector[511] != 0xaa {
		return ""
	}
	switch {
	case string(sector[0x52:0x57]) == "FAT32":
		return strings.TrimSpace(string(sector[0x47:0x52]))
	case string(sector[0x36:0x39]) == "FAT":
		return strings.TrimSpace(string(sector[0x2b:0x36]))
	}
	return ""
}

func mountFAT(device string) (readFile, func(), error) {
	folder, err := os.MkdirTemp("", "imgmgr-drive-*")
	if err != nil {
		return nil, nil, err
	}
	if err := unix.Mount(device, folder, "vfat", unix.MS_RDONLY|unix.MS_NOEXEC|unix.MS_NOSUID|unix.MS_NODEV, ""); err != nil {
		os.Remove(folder)
		return nil, nil, errors.New("the config drive cannot be mounted: " + err.Error())
	}
	read := func(path string) ([]byte, error) { return os.ReadFile(filepath.Join(folder, path)) }
	return read, func() {
		if unix.Unmount(folder, 0) == nil {
			os.Remove(folder)
		}
	}, nil
}
