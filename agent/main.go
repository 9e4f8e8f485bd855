// Command imgmgr-agent looks at the guest that it runs in, reports to imgmgr what it found, and ends.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"imgmgr/agent/checks"
	"imgmgr/agent/guest"
	"imgmgr/agent/identity"
	"imgmgr/agent/job"
)

// version is set by scripts/build-agent.sh.
var version = "0.0.0-dev"

const (
	defaultJob = "/run/imgmgr/job.json"
	usage      = `usage:
  imgmgr-agent run [--job FILE]   does the job of FILE (` + defaultJob + `); nothing when there is none
  imgmgr-agent checks [--json]    lists the checks
  imgmgr-agent --version`
)

func main() {
	os.Exit(command(os.Args[1:]))
}

func command(args []string) int {
	word := ""
	if len(args) > 0 {
		word = args[0]
	}
	switch word {
	case "run":
		flags := flag.NewFlagSet("run", flag.ContinueOnError)
		path := flags.String("job", defaultJob, "the job")
		if !parsed(flags, args[1:]) {
			return misuse()
		}
		return runJob(*path)
	case "checks":
		flags := flag.NewFlagSet("checks", flag.ContinueOnError)
		asJSON := flags.Bool("json", false, "as JSON")
		if !parsed(flags, args[1:]) {
			return misuse()
		}
		return listChecks(*asJSON)
	case "--version", "version":
		fmt.Println(version)
		return 0
	case "--help", "-h", "help":
		fmt.Println(usage)
		return 0
	}
	return misuse()
}

// parsed is false where a flag is wrong or anything else is given.
func parsed(flags *flag.FlagSet, args []string) bool {
	return flags.Parse(args) == nil && flags.NArg() == 0
}

func misuse() int {
	fmt.Fprintln(os.Stderr, usage)
	return 2
}

// runJob ends at once on SIGTERM, whatever it is doing; what the job left in /run goes with the boot.
func runJob(path string) int {
	j, err := job.Read(path)
	if j == nil && err == nil {
		return 0
	}
	out := func(line string) { say(os.Stdout, line) }
	if err != nil {
		out("IMGMGR-AGENT " + err.Error())
		cleanUp(path)
		return 1
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	done := make(chan int, 1)
	one := agent{guest: guest.Live(j), service: identity.Service, say: out}
	go func() { done <- one.run(ctx) }()
	select {
	case code := <-done:
		cleanUp(path)
		return code
	case <-ctx.Done():
		return interrupted
	}
}

// cleanUp removes the job and, where it was injected, the agent itself; a baked one stays for the image's next server.
func cleanUp(path string) {
	os.Remove(path)
	if own, err := os.Executable(); err == nil && injected(own) {
		os.Remove(own)
		removeFolder(filepath.Dir(own))
	}
	removeFolder(filepath.Dir(path))
}

// removeFolder removes our own folder once it is empty, nobody else's.
func removeFolder(path string) {
	if filepath.Base(path) == "imgmgr" {
		os.Remove(path)
	}
}

func injected(path string) bool {
	for _, folder := range []string{"/run/", "/tmp/", "/var/tmp/"} {
		if strings.HasPrefix(path, folder) {
			return true
		}
	}
	return false
}

func listChecks(asJSON bool) int {
	type entry struct {
		ID       string          `json:"id"`
		Title    string          `json:"title"`
		Severity checks.Severity `json:"severity"`
	}
	var all []entry
	for _, check := range checks.Catalogue() {
		all = append(all, entry{check.ID, check.Title, check.Severity})
	}
	if asJSON {
		if json.NewEncoder(os.Stdout).Encode(all) != nil {
			return 1
		}
		return 0
	}
	for _, one := range all {
		fmt.Printf("%-22s %-5s %s\n", one.ID, one.Severity, one.Title)
	}
	return 0
}
