package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

var launcher string

func TestMain(m *testing.M) {
	folder, err := os.MkdirTemp("", "imgmgr-confine-test-")
	if err != nil {
		panic(err)
	}
	launcher = filepath.Join(folder, "imgmgr-confine")
	build := exec.Command("go", "build", "-o", launcher, ".")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if text, err := build.CombinedOutput(); err != nil {
		os.RemoveAll(folder)
		panic(string(text))
	}
	// Another user has to reach it.
	os.Chmod(folder, 0o755)
	code := m.Run()
	os.RemoveAll(folder)
	os.Exit(code)
}

// confined runs the launcher and gives all that was written, and the exit code.
func confined(t *testing.T, arguments ...string) (string, int) {
	t.Helper()
	command := exec.Command(launcher, arguments...)
	command.Dir = "/"
	text, err := command.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		t.Fatal(err)
	}
	return string(text), command.ProcessState.ExitCode()
}

func TestOnlyWhatIsGivenCanBeRead(t *testing.T) {
	folder := t.TempDir()
	given, other := filepath.Join(folder, "given"), filepath.Join(folder, "other")
	for _, path := range []string{given, other} {
		if err := os.WriteFile(path, []byte("content"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if text, code := confined(t, "--read", given, "--", "cat", given); code != 0 || text != "content" {
		t.Fatalf("given file: %d %q", code, text)
	}
	for _, path := range []string{"/etc/hostname", "/etc/passwd", "/proc/self/environ", "/dev/zero", other} {
		if text, code := confined(t, "--read", given, "--", "head", "-c", "1", path); code == 0 || !strings.Contains(text, "Permission denied") {
			t.Errorf("%s: %d %q", path, code, text)
		}
	}
}

func TestOnlyWhatIsGivenCanBeWritten(t *testing.T) {
	folder, other := t.TempDir(), t.TempDir()
	if text, code := confined(t, "--write", folder, "--", "sh", "-c", "echo a > "+folder+"/new && rm "+folder+"/new && echo b > /dev/null"); code != 0 {
		t.Fatalf("given folder: %d %q", code, text)
	}
	file := filepath.Join(other, "file")
	if err := os.WriteFile(file, []byte("content"), 0o644); err != nil {
		t.Fatal(err)
	}
	if text, code := confined(t, "--read", file, "--", "sh", "-c", "echo a > "+file); code == 0 || !strings.Contains(text, "Permission denied") {
		t.Errorf("a file given to be read: %d %q", code, text)
	}
	if text, code := confined(t, "--write", file, "--", "sh", "-c", "echo a > "+file); code != 0 {
		t.Errorf("a file given to be written: %d %q", code, text)
	}
	if text, code := confined(t, "--write", file, "--", "touch", filepath.Join(other, "second")); code == 0 || !strings.Contains(text, "Permission denied") {
		t.Errorf("another file in its folder: %d %q", code, text)
	}
}

func TestALinkLeadsNowhereElse(t *testing.T) {
	folder := t.TempDir()
	link := filepath.Join(folder, "link")
	if err := os.Symlink("/etc/hostname", link); err != nil {
		t.Fatal(err)
	}
	if text, code := confined(t, "--write", folder, "--", "cat", link); code == 0 || !strings.Contains(text, "Permission denied") {
		t.Fatalf("%d %q", code, text)
	}
}

func TestNoConnectionIsMade(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	script := fmt.Sprintf("exec 3<>/dev/tcp/127.0.0.1/%d", listener.Addr().(*net.TCPAddr).Port)
	if text, code := confined(t, "--network", "--", "bash", "-c", script); code != 0 {
		t.Fatalf("with the network: %d %q", code, text)
	}
	if text, code := confined(t, "--", "bash", "-c", script); code == 0 || !strings.Contains(text, "Permission denied") {
		t.Fatalf("without: %d %q", code, text)
	}
}

func TestNoSocketIsMade(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socket")
	listener, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	// As a host's services listen: at a path that any user may connect to, and by UDP.
	for name, numbers := range map[string]string{"a path": "1, 1, 0", "UDP": "2, 2, 0", "UDP of IPv6": "10, 2, 0", "raw": "2, 3, 1", "packets": "17, 3, 0", "netlink": "16, 3, 0"} {
		if text, code := confined(t, "--", "perl", "-e", "socket(my $s, "+numbers+") or die $!"); code == 0 || !strings.Contains(text, "Permission denied") {
			t.Errorf("%s: %d %q", name, code, text)
		}
	}
	script := fmt.Sprintf("socket(my $s, 1, 1, 0) or die $!; connect($s, pack('S a*', 1, '%s')) or die $!", path)
	if text, code := confined(t, "--network", "--", "perl", "-e", script); code != 0 {
		t.Errorf("with the network: %d %q", code, text)
	}
}

func TestLimits(t *testing.T) {
	folder := t.TempDir()
	script := "ulimit -v; ulimit -t; ulimit -f; ulimit -c"
	text, code := confined(t, "--memory", "1073741824", "--cpu", "60", "--output", "1048576", "--", "bash", "-c", script)
	if code != 0 || text != "1048576\n60\n1024\n0\n" {
		t.Fatalf("%d %q", code, text)
	}
	if _, code := confined(t, "--write", folder, "--output", "1000", "--", "sh", "-c", "head -c 5000 /usr/bin/env > "+folder+"/a"); code == 0 {
		t.Fatal("more was written than allowed")
	}
}

func TestAnOrdinaryUserIsConfinedToo(t *testing.T) {
	if os.Getuid() != 0 {
		t.Log("this test already runs as an ordinary user")
		TestOnlyWhatIsGivenCanBeRead(t)
		return
	}
	command := exec.Command("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", launcher, "--", "cat", "/etc/hostname")
	text, err := command.CombinedOutput()
	if err == nil || !strings.Contains(string(text), "Permission denied") {
		t.Fatalf("%v %q", err, text)
	}
	command = exec.Command("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", launcher, "--read", "/etc/hostname", "--", "cat", "/etc/hostname")
	if text, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v %q", err, text)
	}
}

func TestExitCodes(t *testing.T) {
	if _, code := confined(t, "--", "sh", "-c", "exit 7"); code != 7 {
		t.Errorf("the tool's: %d", code)
	}
	for _, arguments := range [][]string{{}, {"--read", "relative", "--", "true"}, {"--unknown", "--", "true"}} {
		if text, code := confined(t, arguments...); code != exitUsage {
			t.Errorf("%v: %d %q", arguments, code, text)
		}
	}
	if text, code := confined(t, "--read", "/nonexistent", "--", "true"); code != exitNoLimits {
		t.Errorf("missing file: %d %q", code, text)
	}
	if text, code := confined(t, "--", "/nonexistent/tool"); code != exitNoTool {
		t.Errorf("missing tool: %d %q", code, text)
	}
	if text, code := confined(t, "--probe"); code != 0 || text != "" {
		t.Errorf("probe: %d %q", code, text)
	}
}
