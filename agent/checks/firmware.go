package checks

import (
	"context"

	"imgmgr/agent/guest"
)

var firmware = Check{ID: "firmware", Title: "The guest was booted by the firmware that the image asks for", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		efi := g.Exists("/sys/firmware/efi")
		switch want := g.Property("hw_firmware_type"); {
		case want != "uefi" && want != "bios":
			return notApplicable("hw_firmware_type is not set")
		case want == "uefi" && !efi:
			return fail("hw_firmware_type is uefi, but there is no /sys/firmware/efi")
		case want == "bios" && efi:
			return fail("hw_firmware_type is bios, but there is /sys/firmware/efi")
		default:
			return pass("%s", want)
		}
	}}
