// imgmgr-confine runs a tool that reads bytes which nobody trusts: with Landlock, so that it opens no file but those it is given, without
// sockets, and within limits. It needs no privilege. Usage:
//
//	imgmgr-confine [--read PATH]… [--write PATH]… [--device PATH]… [--network] [--memory BYTES] [--cpu SECONDS] [--output BYTES] -- TOOL ARGUMENT…
//	imgmgr-confine --probe
//
// Readable always: programs and libraries of the system. Exit codes of its own: 125 for wrong arguments, 126 where the kernel has no
// Landlock or the limits cannot be set, 127 where the tool is not there; any other one is the tool's.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"

	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
)

// Where programs, their libraries and their data are.
var system = []string{"/usr", "/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin", "/nix/store", "/gnu/store"}

const (
	exitUsage    = 125
	exitNoLimits = 126
	exitNoTool   = 127
)

type paths []string

func (p *paths) String() string { return fmt.Sprint([]string(*p)) }

func (p *paths) Set(path string) error {
	if !filepath.IsAbs(path) {
		return errors.New("the path must be absolute")
	}
	*p = append(*p, path)
	return nil
}

type options struct {
	read, write, device paths
	network, probe      bool
	memory, cpu, output uint64
	tool                []string
}

func init() {
	// The signal that this process gets when its parent ends belongs to its first thread, which has to be the one that becomes the tool.
	runtime.LockOSThread()
}

func main() {
	chosen, err := parse(os.Args[1:])
	if err != nil {
		fail(exitUsage, err)
	}
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi < 1 {
		fail(exitNoLimits, errors.New("the kernel has no Landlock"))
	}
	if !hasSeccomp() {
		fail(exitNoLimits, errors.New("the kernel cannot filter calls (seccomp)"))
	}
	if chosen.probe {
		return
	}
	tool, err := exec.LookPath(chosen.tool[0])
	if err != nil {
		fail(exitNoTool, err)
	}
	if err := restrict(chosen, tool); err != nil {
		fail(exitNoLimits, err)
	}
	if err := limit(chosen); err != nil {
		fail(exitNoLimits, err)
	}
	if !chosen.network {
		if err := forbidSockets(); err != nil {
			fail(exitNoLimits, err)
		}
	}
	words := chosen.tool
	if chosen.memory != 0 {
		// Not set here: this program's own runtime reserves more, and would end at any moment before it becomes the tool.
		words = append([]string{"prlimit", fmt.Sprintf("--as=%d", chosen.memory), tool}, words[1:]...)
		if tool, err = exec.LookPath(words[0]); err != nil {
			fail(exitNoLimits, err)
		}
	}
	fail(exitNoTool, syscall.Exec(tool, words, os.Environ()))
}

func parse(arguments []string) (options, error) {
	var o options
	flags := flag.NewFlagSet("imgmgr-confine", flag.ContinueOnError)
	flags.Var(&o.read, "read", "a file or folder that may be read")
	flags.Var(&o.write, "write", "a file or folder that may be read and written")
	flags.Var(&o.device, "device", "a device that may be used")
	flags.BoolVar(&o.network, "network", false, "leave the network alone")
	flags.BoolVar(&o.probe, "probe", false, "only say by the exit code whether this works here")
	flags.Uint64Var(&o.memory, "memory", 0, "bytes of address space")
	flags.Uint64Var(&o.cpu, "cpu", 0, "seconds of CPU time")
	flags.Uint64Var(&o.output, "output", 0, "bytes of the largest file that may be written")
	if err := flags.Parse(arguments); err != nil {
		return o, err
	}
	o.tool = flags.Args()
	if !o.probe && len(o.tool) == 0 {
		return o, errors.New("no tool is named")
	}
	return o, nil
}

// restrict leaves to this process, for good, only what is listed.
func restrict(o options, tool string) error {
	rules := []landlock.Rule{
		landlock.RODirs(system...).IgnoreIfMissing(),
		landlock.ROFiles("/etc/ld.so.cache", "/dev/urandom", tool).IgnoreIfMissing(),
		landlock.RWFiles("/dev/null").IgnoreIfMissing(),
		landlock.RWFiles(o.device...).WithIoctlDev(),
	}
	for _, list := range []struct {
		paths []string
		dirs  func(...string) landlock.FSRule
		files func(...string) landlock.FSRule
	}{
		{o.read, landlock.RODirs, landlock.ROFiles},
		{o.write, landlock.RWDirs, landlock.RWFiles},
	} {
		for _, path := range list.paths {
			info, err := os.Stat(path)
			if err != nil {
				return err
			}
			if info.IsDir() {
				rules = append(rules, list.dirs(path))
			} else {
				rules = append(rules, list.files(path))
			}
		}
	}
	// Of newer kernels more is used: TCP from 6.7 on, signals and abstract sockets from 6.12 on.
	config := landlock.V9.BestEffort()
	if !o.network {
		return config.Restrict(rules...)
	}
	if err := config.RestrictPaths(rules...); err != nil {
		return err
	}
	return config.RestrictScoped()
}

func limit(o options) error {
	for _, each := range []struct {
		resource int
		value    uint64
	}{{syscall.RLIMIT_FSIZE, o.output}, {syscall.RLIMIT_CPU, o.cpu}} {
		if each.value == 0 {
			continue
		}
		if err := syscall.Setrlimit(each.resource, &syscall.Rlimit{Cur: each.value, Max: each.value}); err != nil {
			return err
		}
	}
	return syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{})
}

func fail(code int, err error) {
	fmt.Fprintln(os.Stderr, "imgmgr-confine:", err)
	os.Exit(code)
}
