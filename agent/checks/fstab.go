package checks

import (
	"context"
	"fmt"
	"strings"

	"imgmgr/agent/guest"
)

var tagFolders = map[string]string{
	"LABEL": "by-label", "UUID": "by-uuid", "PARTUUID": "by-partuuid", "PARTLABEL": "by-partlabel", "ID": "by-id",
}

var fstab = Check{ID: "fstab", Title: "Everything in /etc/fstab exists", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if !g.Exists("/etc/fstab") {
			return notApplicable("no /etc/fstab")
		}
		var wrong []string
		checked, udev := 0, g.Exists("/dev/disk")
		for _, line := range g.Lines("/etc/fstab") {
			fields := strings.Fields(line)
			if len(fields) < 3 {
				wrong = append(wrong, fmt.Sprintf("a line has %d fields", len(fields)))
				continue
			}
			source, options := fields[0], ""
			if len(fields) > 3 {
				options = fields[3]
			}
			if strings.HasPrefix(source, "/dev/loop") || strings.HasPrefix(source, "/dev/mapper/loop") {
				wrong = append(wrong, source+" is a loop device of the build")
				continue
			}
			if strings.Contains(options, "noauto") || strings.Contains(options, "nofail") {
				continue
			}
			tag, value, tagged := strings.Cut(source, "=")
			folder, known := tagFolders[tag]
			switch {
			case tagged && known && udev:
				checked++
				value = strings.Trim(value, `"`)
				if !g.Exists("/dev/disk/"+folder+"/"+udevName(value)) && !g.Exists("/dev/disk/"+folder+"/"+strings.ToLower(value)) {
					wrong = append(wrong, source+" for "+fields[1]+" does not exist")
				}
			case strings.HasPrefix(source, "/dev/"):
				checked++
				if !g.Exists(source) {
					wrong = append(wrong, source+" for "+fields[1]+" does not exist")
				}
			}
		}
		if checked == 0 && len(wrong) == 0 {
			return notApplicable("/etc/fstab names no device that can be looked up")
		}
		return verdict(wrong, "%d devices exist", checked)
	}}

// udevName writes a label as udev does in the names of links.
func udevName(label string) string {
	label = strings.ReplaceAll(label, `\040`, " ")
	var name strings.Builder
	for _, letter := range []byte(label) {
		if letter >= 0x80 || strings.ContainsRune("#+-.:=@_", rune(letter)) || letter >= '0' && letter <= '9' ||
			letter >= 'A' && letter <= 'Z' || letter >= 'a' && letter <= 'z' {
			name.WriteByte(letter)
		} else {
			fmt.Fprintf(&name, `\x%02x`, letter)
		}
	}
	return name.String()
}
