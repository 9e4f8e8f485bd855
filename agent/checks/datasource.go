package checks

import (
	"encoding/json"
	"regexp"
	"strings"

	"imgmgr/agent/guest"
)

var datasourceName = regexp.MustCompile(`^DataSource(\w+)`)

// Which datasources of cloud-init read what the job calls so.
var datasourcesOf = map[string][]string{
	"metadata":     {"OpenStack", "OpenStackLocal"},
	"config-drive": {"ConfigDrive", "ConfigDriveNet"},
	"nocloud":      {"NoCloud", "NoCloudNet"},
}

var datasource = Check{ID: "datasource", Title: "cloud-init read this cloud's metadata", Severity: Fail,
	Run: ofCloudInit(func(g *guest.Guest) Finding {
		name := CloudInitDatasource(g)
		if name == "" {
			return fail("cloud-init found no datasource")
		}
		wanted := g.Job.Expect.Datasources
		if len(wanted) == 0 {
			wanted = []string{"metadata", "config-drive"}
		}
		for _, one := range wanted {
			for _, right := range datasourcesOf[one] {
				if name == right {
					return pass("%s", name)
				}
			}
		}
		return fail("%s, expected %s", name, strings.Join(wanted, " or "))
	})}

// CloudInitDatasource returns the name of cloud-init's datasource (`ConfigDrive`), nothing where none is known.
func CloudInitDatasource(g *guest.Guest) string {
	for _, path := range []string{"/run/cloud-init/result.json", "/run/cloud-init/status.json"} {
		var status struct {
			V1 struct {
				Datasource string `json:"datasource"`
			} `json:"v1"`
		}
		if json.Unmarshal([]byte(g.Text(path)), &status) == nil {
			if match := datasourceName.FindStringSubmatch(status.V1.Datasource); match != nil {
				return match[1]
			}
		}
	}
	return ""
}
