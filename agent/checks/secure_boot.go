package checks

import (
	"context"
	"fmt"
	"os"

	"imgmgr/agent/guest"
)

const efiGlobal = "-8be4df61-93ca-11d2-aa0d-00e098032b8c"

// secureBoot: an EFI variable's file has four bytes of attributes before its value.
var secureBoot = Check{ID: "secure-boot", Title: "Secure boot is on where the image requires it", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		if g.Property("os_secure_boot") != "required" {
			return notApplicable("os_secure_boot is not required")
		}
		if !g.Exists("/sys/firmware/efi") {
			return fail("the guest was not booted by UEFI")
		}
		on, err := rawByte(g, "/sys/firmware/efi/efivars/SecureBoot"+efiGlobal)
		if err != nil {
			return broken("the EFI variable SecureBoot cannot be read: %v", err)
		}
		setup, err := rawByte(g, "/sys/firmware/efi/efivars/SetupMode"+efiGlobal)
		switch {
		case on != 1:
			return fail("secure boot is off")
		case err == nil && setup != 0:
			return fail("the firmware is in setup mode")
		}
		return pass("secure boot is on")
	}}

// rawByte returns the value of an EFI variable of one byte, which follows four bytes of attributes.
func rawByte(g *guest.Guest, path string) (byte, error) {
	content, err := os.ReadFile(g.Path(path))
	if err != nil {
		return 0, err
	}
	if len(content) != 5 {
		return 0, fmt.Errorf("it has %d bytes", len(content))
	}
	return content[4], nil
}
