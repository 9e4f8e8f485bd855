package checks

import (
	"encoding/json"
	"fmt"
	"slices"

	"imgmgr/agent/guest"
)

// cloudInitDegraded counts only: the messages can quote user-data.
var cloudInitDegraded = Check{ID: "cloud-init-degraded", Title: "cloud-init had nothing to put up with", Severity: Warn,
	Run: ofCloudInit(func(g *guest.Guest) Finding {
		text, err := g.Read("/run/cloud-init/status.json")
		if err != nil {
			return notApplicable("no /run/cloud-init/status.json")
		}
		var status struct {
			V1 map[string]json.RawMessage `json:"v1"`
		}
		if err := json.Unmarshal([]byte(text), &status); err != nil {
			return broken("/run/cloud-init/status.json is not what it was: %v", err)
		}
		var wrong []string
		for stage, raw := range status.V1 {
			var one struct {
				Recoverable map[string][]json.RawMessage `json:"recoverable_errors"`
			}
			if json.Unmarshal(raw, &one) != nil {
				continue
			}
			for level, messages := range one.Recoverable {
				wrong = append(wrong, fmt.Sprintf("%d %s in %s", len(messages), level, stage))
			}
		}
		slices.Sort(wrong)
		return verdict(wrong, "nothing")
	})}
