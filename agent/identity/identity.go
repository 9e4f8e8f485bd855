// Package identity finds out which server of the cloud this guest is.
package identity

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"time"

	"imgmgr/agent/guest"
)

// Service is the address of the metadata.
const Service = "http://169.254.169.254"

var uuid = regexp.MustCompile(`^[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}$`)

// Identity is the server's uuid, empty where none is known, and where it comes from: config-drive, metadata, dmi or none.
type Identity struct {
	Server, Source string
}

// Sure: no other look will find a better answer.
func (i Identity) Sure() bool { return i.Source == "config-drive" || i.Source == "metadata" }

// Look tries every way and leaves in the guest what the config drive and the metadata service gave. A service that was not promised is
// asked last only: behind the address translation of a local QEMU it can be that of the host, which is another server.
func Look(ctx context.Context, g *guest.Guest, service string) Identity {
	if g.Drive == nil || g.Drive.UUID == "" {
		g.Drive = drive(g)
	}
	if g.Job.Wants("metadata") && (g.Service == nil || g.Service.UUID == "") {
		g.Service = ask(ctx, service)
	}
	switch dmi := strings.ToLower(g.Text("/sys/class/dmi/id/product_uuid")); {
	case g.Drive.UUID != "":
		return Identity{g.Drive.UUID, "config-drive"}
	case g.Service != nil && g.Service.UUID != "":
		return Identity{g.Service.UUID, "metadata"}
	case uuid.MatchString(dmi):
		return Identity{dmi, "dmi"}
	}
	if !g.Job.Wants("metadata") {
		if answer := ask(ctx, service); answer.UUID != "" {
			return Identity{answer.UUID, "metadata"}
		}
	}
	return Identity{"", "none"}
}

func drive(g *guest.Guest) *guest.Openstack {
	read, done, err := openDrive(g)
	if err != nil {
		return &guest.Openstack{Problem: err.Error()}
	}
	defer done()
	return gather(read)
}

func ask(ctx context.Context, service string) *guest.Openstack {
	client := &http.Client{Timeout: 2 * time.Second, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	return gather(func(path string) ([]byte, error) {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, service+"/"+path, nil)
		if err != nil {
			return nil, err
		}
		response, err := client.Do(request)
		if err != nil {
			return nil, err
		}
		defer response.Body.Close()
		if response.StatusCode != http.StatusOK {
			return nil, fmt.Errorf("HTTP status %d for %s", response.StatusCode, path)
		}
		return io.ReadAll(io.LimitReader(response.Body, 4<<20))
	})
}

// gather reads the two files that are of use; a missing network_data.json is no problem.
func gather(read readFile) *guest.Openstack {
	text, err := read("openstack/latest/meta_data.json")
	if err != nil {
		return &guest.Openstack{Problem: err.Error()}
	}
	var data struct {
		UUID string `json:"uuid"`
	}
	if err := json.Unmarshal(text, &data); err != nil {
		return &guest.Openstack{Problem: "meta_data.json is not JSON"}
	}
	server := strings.ToLower(data.UUID)
	if !uuid.MatchString(server) {
		return &guest.Openstack{Problem: "meta_data.json has no uuid"}
	}
	found := &guest.Openstack{UUID: server}
	if text, err := read("openstack/latest/network_data.json"); err == nil {
		var network guest.NetworkData
		if json.Unmarshal(text, &network) == nil {
			found.Network = &network
		}
	}
	return found
}
