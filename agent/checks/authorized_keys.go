package checks

import (
	"context"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"imgmgr/agent/guest"
)

var publicKey = regexp.MustCompile(`(?:^|\s)((?:ssh-|ecdsa-|sk-)\S+\s+AAAA\S+)`)

// authorizedKeys compares type and key, so that comments and cloud-init's options before root's do not matter.
var authorizedKeys = Check{ID: "authorized-keys", Title: "Only the given SSH key is authorized", Severity: Fail,
	Run: func(_ context.Context, g *guest.Guest) Finding {
		given := ""
		if g.Job.Expect.SSHKey != nil {
			given = keyOf(*g.Job.Expect.SSHKey)
		}
		var wrong []string
		files, found := 0, false
		for _, home := range homes(g) {
			for _, path := range g.Glob(home+"/.ssh/authorized_keys", home+"/.ssh/authorized_keys2") {
				files++
				foreign := 0
				for _, line := range g.Lines(path) {
					if key := keyOf(line); key == given && given != "" {
						found = true
					} else {
						foreign++
					}
				}
				if foreign > 0 {
					wrong = append(wrong, fmt.Sprintf("%s has %d keys that nobody gave", path, foreign))
				}
			}
		}
		if len(wrong) == 0 && given != "" && !found && g.CloudInit() == "" {
			return fail("the given key is nowhere")
		}
		if files == 0 && !g.HasSSHD() {
			return notApplicable("no sshd and no authorized_keys")
		}
		if found {
			return verdict(wrong, "the given key alone")
		}
		return verdict(wrong, "none")
	}}

func keyOf(line string) string {
	match := publicKey.FindStringSubmatch(line)
	if match == nil {
		return ""
	}
	return strings.Join(strings.Fields(match[1]), " ")
}

// homes returns the home folders of all accounts and whatever else lies in /home, each once.
func homes(g *guest.Guest) []string {
	folders := append([]string{"/root"}, g.Glob("/home/*")...)
	for _, user := range accounts(g) {
		if strings.Count(user.home, "/") > 0 && user.home != "/" {
			folders = append(folders, strings.TrimRight(user.home, "/"))
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}
