package guest

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"imgmgr/agent/job"
)

// Live is the system that the agent runs in.
func Live(j *job.Job) *Guest {
	resolver := &net.Resolver{PreferGo: true}
	return &Guest{
		Root: "/", Job: j,
		Now: time.Now, Sleep: sleep, Exec: run, Start: start,
		Resolve: resolver.LookupHost,
		AskNameserver: func(ctx context.Context, server netip.Addr) error {
			return AskNameserver(ctx, netip.AddrPortFrom(server, 53), 5*time.Second)
		},
		StatFS: statFS, Addresses: addresses, Uname: uname, KernelLog: kernelLog,
	}
}

func readAtMost(from io.Reader, bytes int64) (string, error) {
	text, err := io.ReadAll(io.LimitReader(from, bytes))
	return string(text), err
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// run ends the command's whole process group when the time is over; a status other than 0 is no error.
func run(ctx context.Context, argv ...string) (Output, error) {
	command := exec.CommandContext(ctx, argv[0], argv[1:]...)
	command.Env = append(os.Environ(), "LC_ALL=C", "PATH="+strings.Join(folders, ":"))
	if path, err := lookPath(argv[0]); err == nil {
		command.Path, command.Err = path, nil
	}
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	command.Cancel = func() error { return syscall.Kill(-command.Process.Pid, syscall.SIGKILL) }
	command.WaitDelay = time.Second
	var text limited
	command.Stdout, command.Stderr = &text, &text
	err := command.Run()
	output := Output{Text: strings.TrimSpace(text.text.String()), Last: strings.TrimSpace(text.last.String())}
	var exit *exec.ExitError
	switch {
	case ctx.Err() != nil:
		return output, fmt.Errorf("%s did not end in time", argv[0])
	case errors.As(err, &exit):
		output.Code = exit.ExitCode()
		return output, nil
	// It ended with 0, and left something running that holds on to its output.
	case errors.Is(err, exec.ErrWaitDelay):
		return output, nil
	}
	return output, err
}

// start returns at once; what it starts is the leader of a process group of its own.
func start(argv ...string) (*Process, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	command := exec.Command(argv[0], argv[1:]...)
	command.Env = append(os.Environ(), "LC_ALL=C", "PATH="+strings.Join(folders, ":"))
	command.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	// A file, not a writer: what it leaves running keeps its output when it ends.
	command.Stdout, command.Stderr = write, write
	err = command.Start()
	write.Close()
	if err != nil {
		read.Close()
		return nil, err
	}
	var text limited
	drained := make(chan struct{})
	go func() {
		io.Copy(&text, read)
		close(drained)
	}()
	ended := make(chan struct{})
	process := &Process{Ended: ended, Last: func() string { return strings.TrimSpace(text.last.String()) }, Stop: func() {
		syscall.Kill(-command.Process.Pid, syscall.SIGKILL)
		read.Close()
	}}
	go func() {
		err := command.Wait()
		// What it said last may be on its way still; what it left running may go on for ever.
		select {
		case <-drained:
		case <-time.After(time.Second):
		}
		process.Result = endOf(command.ProcessState, err)
		close(ended)
	}()
	return process, nil
}

func endOf(state *os.ProcessState, err error) string {
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return err.Error()
	}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return fmt.Sprintf("signal %d, %s", status.Signal(), status.Signal())
	}
	if code := state.ExitCode(); code != 0 {
		return fmt.Sprint(code)
	}
	return ""
}

var folders = []string{"/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin"}

// lookPath knows the folders of an administrator's commands even when the agent was started with a shorter PATH.
func lookPath(name string) (string, error) {
	if strings.Contains(name, "/") {
		return name, nil
	}
	for _, folder := range folders {
		path := folder + "/" + name
		if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return path, nil
		}
	}
	return "", exec.ErrNotFound
}

// limited keeps the first 64 KiB, and the last 4 KiB.
type limited struct {
	text bytes.Buffer
	last tail
}

func (l *limited) Write(p []byte) (int, error) {
	if room := 64<<10 - l.text.Len(); room > 0 {
		l.text.Write(p[:min(room, len(p))])
	}
	l.last.write(p)
	return len(p), nil
}

// tail is written and read at the same time.
type tail struct {
	lock sync.Mutex
	text []byte
}

const longestTail = 4 << 10

func (t *tail) write(p []byte) {
	t.lock.Lock()
	defer t.lock.Unlock()
	t.text = append(t.text, p[max(0, len(p)-longestTail):]...)
	if more := len(t.text) - longestTail; more > 0 {
		t.text = append(t.text[:0], t.text[more:]...)
	}
}

func (t *tail) String() string {
	t.lock.Lock()
	defer t.lock.Unlock()
	return string(t.text)
}

func statFS(path string) (FSStat, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return FSStat{}, err
	}
	unit := uint64(s.Frsize)
	if unit == 0 {
		unit = uint64(s.Bsize)
	}
	return FSStat{Size: s.Blocks * unit, Available: s.Bavail * unit, Inodes: s.Files, InodesAvail: s.Ffree}, nil
}

func addresses(nic string) ([]netip.Addr, error) {
	found, err := net.InterfaceByName(nic)
	if err != nil {
		return nil, err
	}
	all, err := found.Addrs()
	var result []netip.Addr
	for _, one := range all {
		if prefix, err := netip.ParsePrefix(one.String()); err == nil {
			result = append(result, prefix.Addr().Unmap())
		}
	}
	return result, err
}

func uname() (Uname, error) {
	var u unix.Utsname
	err := unix.Uname(&u)
	text := unix.ByteSliceToString
	return Uname{Machine: text(u.Machine[:]), Release: text(u.Release[:]), Node: text(u.Nodename[:])}, err
}

// kernelLog reads /dev/kmsg, which gives one record a read, up to the last one.
func kernelLog() ([]KernelLine, error) {
	fd, err := unix.Open("/dev/kmsg", unix.O_RDONLY|unix.O_NONBLOCK|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("/dev/kmsg: %w", err)
	}
	defer unix.Close(fd)
	var lines []KernelLine
	record := make([]byte, 8192)
	for len(lines) < 100_000 {
		n, err := unix.Read(fd, record)
		switch {
		// The record was overwritten while we read: the next read goes on with the oldest one there is.
		case errors.Is(err, unix.EPIPE), errors.Is(err, unix.EINTR):
			continue
		case errors.Is(err, unix.EAGAIN):
			return lines, nil
		case err != nil:
			return lines, fmt.Errorf("/dev/kmsg: %w", err)
		case n == 0:
			return lines, nil
		}
		if line, ok := ParseKernelLine(string(record[:n])); ok {
			lines = append(lines, line)
		}
	}
	return lines, nil
}

// ParseKernelLine reads one record of /dev/kmsg, `PRIORITY,SEQUENCE,TIME,FLAGS;TEXT`; messages that programs wrote there are left out.
func ParseKernelLine(record string) (KernelLine, bool) {
	head, text, ok := strings.Cut(record, ";")
	number, _, _ := strings.Cut(head, ",")
	priority, err := strconv.Atoi(number)
	text, _, _ = strings.Cut(text, "\n")
	return KernelLine{Level: priority & 7, Text: text}, ok && err == nil && priority>>3 == 0
}
