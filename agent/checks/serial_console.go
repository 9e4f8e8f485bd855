package checks

import (
	"context"
	"regexp"

	"imgmgr/agent/guest"
)

var serial = regexp.MustCompile(`\b(?:console=)?(?:ttyS|ttyAMA|hvc|ttysclp|sclp_line)\d*`)

var serialConsole = Check{ID: "serial-console", Title: "The console goes to the serial port", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		active, err := g.Read("/sys/class/tty/console/active")
		if err != nil {
			return broken("the active consoles are not known: %v", err)
		}
		if name := serial.FindString(active); name != "" {
			return pass("%s", name)
		}
		return fail("the active consoles are %q, none of them serial (console=ttyS0 is missing in the kernel's command line)", active)
	}}
