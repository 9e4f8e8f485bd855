package checks

import (
	"context"
	"strconv"

	"imgmgr/agent/guest"
)

const enoughEntropy = 200

var rng = Check{ID: "rng", Title: "There is enough randomness", Severity: Warn,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		entropy, err := strconv.Atoi(g.Text("/proc/sys/kernel/random/entropy_avail"))
		if err != nil {
			return notApplicable("the kernel says nothing of its entropy")
		}
		current := g.Text("/sys/class/misc/hw_random/rng_current")
		switch {
		case g.Property("hw_rng_model") != "" && (current == "" || current == "none"):
			return fail("hw_rng_model is %s, but no hardware generator is used", g.Property("hw_rng_model"))
		case entropy < enoughEntropy:
			return fail("%d bits of entropy, fewer than %d", entropy, enoughEntropy)
		}
		return pass("%d bits of entropy", entropy)
	}}
