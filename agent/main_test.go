package main

import (
	"context"
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"imgmgr/agent/checks"
	"imgmgr/agent/client/clienttest"
	"imgmgr/agent/guest"
	"imgmgr/agent/job"
	"imgmgr/agent/verifyv1"
)

const token = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"

// TestMain lets a copy of this test be the agent.
func TestMain(m *testing.M) {
	if os.Getenv("IMGMGR_AGENT_TEST") == "1" {
		os.Exit(command(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// installed puts a copy of the agent, and a job, into a folder that is called imgmgr.
func installed(t *testing.T, folder, text string) (agent, jobFile string) {
	t.Helper()
	place := filepath.Join(folder, "imgmgr")
	own, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(own)
	if err != nil {
		t.Fatal(err)
	}
	agent, jobFile = filepath.Join(place, "imgmgr-agent"), filepath.Join(place, "job.json")
	for _, err := range []error{os.MkdirAll(place, 0o700), os.WriteFile(agent, content, 0o755), os.WriteFile(jobFile, []byte(text), 0o600)} {
		if err != nil {
			t.Fatal(err)
		}
	}
	return agent, jobFile
}

func start(t *testing.T, agent string, args ...string) (code int, text string) {
	t.Helper()
	process := exec.Command(agent, args...)
	process.Env = append(os.Environ(), "IMGMGR_AGENT_TEST=1")
	output, err := process.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return process.ProcessState.ExitCode(), string(output)
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

func inTmp(t *testing.T) string {
	t.Helper()
	folder, err := os.MkdirTemp("/tmp", "imgmgr-agent-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(folder) })
	return folder
}

func TestWithoutAJobNothingHappens(t *testing.T) {
	agent, jobFile := installed(t, inTmp(t), "")
	os.Remove(jobFile)
	if code, text := start(t, agent, "run", "--job", jobFile); code != 0 || text != "" || !exists(agent) {
		t.Errorf("%d, %q", code, text)
	}
}

func TestAnInjectedAgentRemovesJobAndItself(t *testing.T) {
	agent, jobFile := installed(t, inTmp(t), `{"version": 1, "token": "`+token+`"}`)
	code, text := start(t, agent, "run", "--job", jobFile)
	if code != 1 || !strings.Contains(text, "IMGMGR-AGENT job field run") || strings.Contains(text, token) {
		t.Errorf("%d, %q", code, text)
	}
	if exists(filepath.Dir(agent)) {
		t.Error("something is left")
	}
}

func TestABakedAgentStaysAndSoDoFoldersOfOthers(t *testing.T) {
	place := t.TempDir()
	if strings.HasPrefix(place, "/tmp/") || strings.HasPrefix(place, "/var/tmp/") {
		// Only what lies in a folder for temporary files was injected; this one must lie elsewhere.
		home, err := os.MkdirTemp(".", "baked-")
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { os.RemoveAll(home) })
		if place, err = filepath.Abs(home); err != nil {
			t.Fatal(err)
		}
	}
	agent, _ := installed(t, place, "")
	other := filepath.Join(inTmp(t), "other")
	jobFile := filepath.Join(other, "job.json")
	if err := errors.Join(os.MkdirAll(other, 0o700), os.WriteFile(jobFile, []byte("{"), 0o600)); err != nil {
		t.Fatal(err)
	}
	if code, _ := start(t, agent, "run", "--job", jobFile); code != 1 {
		t.Errorf("exit %d", code)
	}
	if !exists(agent) || exists(jobFile) || !exists(other) {
		t.Errorf("agent %v, job %v, folder %v", exists(agent), exists(jobFile), exists(other))
	}
}

func TestSIGTERMEndsItAtOnce(t *testing.T) {
	_, certificate := clienttest.Good(t)
	text, _ := json.Marshal(map[string]any{"version": 1, "run": "r1", "token": token, "address": "127.0.0.1:1",
		"certificate": certificate, "server_name": clienttest.ServerName, "deadline_seconds": 600, "expect": map[string]any{}})
	agent, jobFile := installed(t, inTmp(t), string(text))
	process := exec.Command(agent, "run", "--job", jobFile)
	process.Env = append(os.Environ(), "IMGMGR_AGENT_TEST=1")
	if err := process.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(500 * time.Millisecond)
	began := time.Now()
	_ = process.Process.Signal(syscall.SIGTERM)
	_ = process.Wait()
	if code := process.ProcessState.ExitCode(); code != interrupted || time.Since(began) > 5*time.Second {
		t.Errorf("exit %d after %v", code, time.Since(began))
	}
}

func TestCommands(t *testing.T) {
	agent, _ := installed(t, inTmp(t), "")
	for _, one := range []struct {
		args []string
		code int
		text string
	}{
		{[]string{"--version"}, 0, version},
		{[]string{"--help"}, 0, "usage:"},
		{[]string{}, 2, "usage:"},
		{[]string{"run", "now"}, 2, "usage:"},
		{[]string{"checks"}, 0, "root-grown"},
	} {
		if code, text := start(t, agent, one.args...); code != one.code || !strings.Contains(text, one.text) {
			t.Errorf("%v: %d, %q", one.args, code, text)
		}
	}
	_, text := start(t, agent, "checks", "--json")
	var all []struct{ ID, Title, Severity string }
	if err := json.Unmarshal([]byte(text), &all); err != nil || len(all) != len(checks.Catalogue()) || all[0].Severity != "fail" {
		t.Errorf("%v, %v", err, all)
	}
}

// newAgent is one in a guest without anything, whose listener is here.
func newAgent(t *testing.T, l *clienttest.Listener, seconds int) (*agent, *[]string) {
	own, certificate := clienttest.Good(t)
	var said []string
	return &agent{
		service: "http://127.0.0.1:1",
		say:     func(line string) { said = append(said, line) },
		guest: &guest.Guest{
			Root: t.TempDir(), Now: time.Now,
			Job: &job.Job{Version: 1, Run: "r1", Token: token, Address: clienttest.Serve(t, l, own), Certificate: certificate,
				ServerName: clienttest.ServerName, DeadlineSeconds: seconds, Off: []string{"dns"}},
			Sleep: func(ctx context.Context, d time.Duration) error {
				select {
				case <-ctx.Done():
					return ctx.Err()
				case <-time.After(min(d, 20*time.Millisecond)):
					return nil
				}
			},
			Exec: func(context.Context, ...string) (guest.Output, error) {
				return guest.Output{}, errors.New("no commands")
			},
			Resolve:   func(context.Context, string) ([]string, error) { return nil, errors.New("no names") },
			StatFS:    func(string) (guest.FSStat, error) { return guest.FSStat{}, errors.New("no file system") },
			Addresses: func(string) ([]netip.Addr, error) { return nil, nil },
			Uname:     func() (guest.Uname, error) { return guest.Uname{Machine: "x86_64", Release: "6.1"}, nil },
			KernelLog: func() ([]guest.KernelLine, error) { return nil, nil },
		},
	}, &said
}

func TestARunReportsEveryCheckOnce(t *testing.T) {
	l := &clienttest.Listener{Behind: time.Hour}
	one, said := newAgent(t, l, 60)
	if code := one.run(context.Background()); code != 0 {
		t.Fatalf("exit %d: %v", code, *said)
	}
	reports := l.Reports()
	if len(reports) != 1 {
		t.Fatalf("%d reports", len(reports))
	}
	report := reports[0]
	if who := report.GetIdentity(); who.GetRun() != "r1" || who.GetToken() != token || who.GetAgentVersion() != version {
		t.Errorf("%v", who)
	}
	var ids []string
	for _, check := range report.GetChecks() {
		ids = append(ids, check.GetId())
		if check.GetId() == "clock" && check.GetOutcome() != verifyv1.Outcome_OUTCOME_FAIL {
			t.Errorf("an hour is no fault: %v", check)
		}
	}
	if slices.Contains(ids, "dns") || len(ids) != len(checks.Catalogue())-1 {
		t.Errorf("%v", ids)
	}
	if facts := report.GetFacts(); facts["machine"] != "x86_64" || facts["server.source"] != "none" || facts["waited_for"] != "" {
		t.Errorf("%v", facts)
	}
	if line := strings.Join(*said, "\n"); !strings.Contains(line, "IMGMGR-VERDICT r1 fail") || strings.Contains(line, token) {
		t.Error(line)
	}
}

func TestAGuestThatDoesNotComeUpReportsAllTheSame(t *testing.T) {
	l := &clienttest.Listener{}
	one, _ := newAgent(t, l, 6)
	folder := one.guest.Path("/run/cloud-init")
	if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(filepath.Join(folder, "status.json"), []byte("{}"), 0o644)); err != nil {
		t.Fatal(err)
	}
	if code := one.run(context.Background()); code != 0 {
		t.Fatalf("exit %d", code)
	}
	if facts := l.Reports()[0].GetFacts(); facts["waited_for"] != "cloud-init has not finished" {
		t.Errorf("%v", facts)
	}
}

func TestARefusedReportIsSaid(t *testing.T) {
	l := &clienttest.Listener{Answers: []error{status.Error(codes.Unauthenticated, "wrong token "+token)}}
	one, said := newAgent(t, l, 60)
	if code := one.run(context.Background()); code != 1 {
		t.Errorf("exit %d", code)
	}
	if line := strings.Join(*said, "\n"); !strings.Contains(line, "the report was refused") || strings.Contains(line, token) {
		t.Error(line)
	}
}

func TestAnInterruptedRunReportsNothing(t *testing.T) {
	l := &clienttest.Listener{}
	one, _ := newAgent(t, l, 60)
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if code := one.run(ctx); code != interrupted || len(l.Reports()) != 0 {
		t.Errorf("exit %d, %d reports", code, len(l.Reports()))
	}
}

func TestTheReadyCommandIsGivenUpWhileImgmgrWaitsStill(t *testing.T) {
	// The guest's clock is an hour ahead, and imgmgr waits two more seconds, whatever the agent was given.
	l := &clienttest.Listener{Behind: time.Hour}
	one, _ := newAgent(t, l, 600)
	one.guest.Job.Ready = "false"
	one.guest.Job.UntilUnixMS = time.Now().Add(-time.Hour).Add(2 * time.Second).UnixMilli()
	live := guest.Live(one.guest.Job)
	one.guest.Exec, one.guest.Sleep = live.Exec, live.Sleep
	began := time.Now()
	if code := one.run(context.Background()); code != 0 {
		t.Fatalf("exit %d", code)
	}
	if took := time.Since(began); took > 90*time.Second {
		t.Errorf("it took %s", took)
	}
	facts := l.Reports()[0].GetFacts()
	if tries := facts["ready.tries"]; tries != "2" && tries != "3" {
		t.Errorf("%s tries: %v", tries, facts)
	}
}
