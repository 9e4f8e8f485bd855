// Package job reads what user-data asked of the guest.
package job

import (
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"regexp"
)

// Interface is a port of the server as Neutron gave it.
type Interface struct {
	MAC       string   `json:"mac"`
	Addresses []string `json:"addresses"`
}

// Expectation is what the guest is compared with; what is absent (zero) is not known, so its check is not applicable.
type Expectation struct {
	DiskBytes   int64             `json:"disk_bytes"`
	VCPUs       int               `json:"vcpus"`
	RAMMiB      int64             `json:"ram_mib"`
	Interfaces  []Interface       `json:"interfaces"`
	Hostname    string            `json:"hostname"`
	SSHKey      *string           `json:"ssh_key"`
	Datasources []string          `json:"datasources"`
	Properties  map[string]string `json:"properties"`
	// Name servers that give no answer whatever the image does; nil: an older imgmgr, which does not say.
	SilentNameservers []string `json:"silent_nameservers"`
}

// Job is the JSON of /run/imgmgr/job.json; src/core/job.ts describes its fields.
type Job struct {
	Version         int               `json:"version"`
	Run             string            `json:"run"`
	Token           string            `json:"token"`
	Address         string            `json:"address"`
	Certificate     string            `json:"certificate"`
	ServerName      string            `json:"server_name"`
	Agents          map[string]string `json:"agents"`
	DeadlineSeconds int               `json:"deadline_seconds"`
	// When imgmgr ends its wait, by its own clock, milliseconds since 1970; 0: an older imgmgr, which does not say.
	UntilUnixMS int64       `json:"until_unix_ms"`
	Start       string      `json:"start"`
	Ready       string      `json:"ready"`
	Lookup      string      `json:"lookup"`
	Off         []string    `json:"off"`
	Expect      Expectation `json:"expect"`
}

var (
	token   = regexp.MustCompile(`^[0-9a-f]{64}$`)
	plain   = regexp.MustCompile(`^[A-Za-z0-9._:-]{1,100}$`)
	seconds = [2]int{1, 24 * 3600}
)

// Read returns the job, nil where there is no such file, or what is wrong with it; errors never quote the file.
func Read(path string) (*Job, error) {
	text, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return Parse(text)
}

// Parse checks everything that the agent relies on; fields it does not know are left alone.
func Parse(text []byte) (*Job, error) {
	var j Job
	if err := json.Unmarshal(text, &j); err != nil {
		var syntax *json.SyntaxError
		var kind *json.UnmarshalTypeError
		switch {
		case errors.As(err, &syntax):
			return nil, fmt.Errorf("job is not JSON: error at byte %d of %d", syntax.Offset, len(text))
		case errors.As(err, &kind):
			return nil, fmt.Errorf("job field %s is a %s", kind.Field, kind.Value)
		}
		return nil, errors.New("job is not JSON")
	}
	switch {
	case j.Version != 1:
		return nil, fmt.Errorf("job has version %d, this agent knows version 1", j.Version)
	case !plain.MatchString(j.Run):
		return nil, errors.New("job field run is missing or has unexpected characters")
	case !token.MatchString(j.Token):
		return nil, errors.New("job field token is not 64 hexadecimal digits")
	case j.Address == "":
		return nil, errors.New("job field address is missing")
	case j.DeadlineSeconds < seconds[0] || j.DeadlineSeconds > seconds[1]:
		return nil, fmt.Errorf("job field deadline_seconds is %d, not %d to %d", j.DeadlineSeconds, seconds[0], seconds[1])
	}
	if _, err := j.CertificateDER(); err != nil {
		return nil, err
	}
	return &j, nil
}

// CertificateDER returns the bytes of the only certificate that the agent trusts.
func (j *Job) CertificateDER() ([]byte, error) {
	block, _ := pem.Decode([]byte(j.Certificate))
	if block == nil || block.Type != "CERTIFICATE" {
		return nil, errors.New("job field certificate is not a PEM certificate")
	}
	return block.Bytes, nil
}

// Wants reports whether a way to the metadata has to work.
func (j *Job) Wants(datasource string) bool {
	for _, one := range j.Expect.Datasources {
		if one == datasource {
			return true
		}
	}
	return false
}
