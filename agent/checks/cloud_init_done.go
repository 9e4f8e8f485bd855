package checks

import (
	"encoding/json"

	"imgmgr/agent/guest"
)

var cloudInitDone = Check{ID: "cloud-init-done", Title: "cloud-init has finished without errors", Severity: Fail,
	Run: ofCloudInit(func(g *guest.Guest) Finding {
		text, err := g.Read("/run/cloud-init/result.json")
		if err != nil {
			return fail("cloud-init has not finished: no /run/cloud-init/result.json")
		}
		var result struct {
			V1 struct {
				Errors []string `json:"errors"`
			} `json:"v1"`
		}
		if err := json.Unmarshal([]byte(text), &result); err != nil {
			return broken("/run/cloud-init/result.json is not what it was: %v", err)
		}
		return verdict(result.V1.Errors, "finished")
	})}
