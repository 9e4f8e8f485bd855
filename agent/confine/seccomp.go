package main

import (
	"fmt"
	"runtime"
	"syscall"
	"unsafe"
)

const (
	prGetSeccomp  = 21
	prSetSeccomp  = 22
	prNoNewPrivs  = 38
	modeFilter    = 2
	ioUringSetup  = 425 // the same number on every machine
	otherABI      = 0x40000000
	retAllow      = 0x7fff0000
	retErrno      = 0x00050000
	retKill       = 0x80000000
	loadWord      = 0x20
	jumpIfEqual   = 0x15
	jumpIfAtLeast = 0x35
	giveBack      = 0x06
)

// AUDIT_ARCH_… of linux/audit.h.
var machines = map[string]uint32{"amd64": 0xc000003e, "arm64": 0xc00000b7}

type instruction struct {
	code     uint16
	yes, no  uint8
	constant uint32
}

// hasSeccomp reports whether the kernel can filter calls.
func hasSeccomp() bool {
	_, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, prGetSeccomp, 0, 0)
	return failed == 0 && machines[runtime.GOARCH] != 0
}

// forbidSockets takes from this thread, and from the tool that it becomes, the call that makes sockets, and io_uring, which makes them too:
// Landlock restricts neither UDP nor raw sockets, nor connections to sockets that have a path. Calls of another ABI end the tool.
func forbidSockets() error {
	deny := uint32(retErrno) | uint32(syscall.EACCES)
	filter := []instruction{
		{loadWord, 0, 0, 4}, // the machine
		{jumpIfEqual, 1, 0, machines[runtime.GOARCH]},
		{giveBack, 0, 0, retKill},
		{loadWord, 0, 0, 0}, // the number of the call
		{jumpIfAtLeast, 3, 0, otherABI},
		{jumpIfEqual, 2, 0, syscall.SYS_SOCKET},
		{jumpIfEqual, 1, 0, ioUringSetup},
		{giveBack, 0, 0, retAllow},
		{giveBack, 0, 0, deny},
	}
	program := struct {
		length uint16
		filter *instruction
	}{uint16(len(filter)), &filter[0]}
	if _, _, failed := syscall.RawSyscall6(syscall.SYS_PRCTL, prNoNewPrivs, 1, 0, 0, 0, 0); failed != 0 {
		return fmt.Errorf("no new privileges: %w", failed)
	}
	_, _, failed := syscall.RawSyscall(syscall.SYS_PRCTL, prSetSeccomp, modeFilter, uintptr(unsafe.Pointer(&program)))
	runtime.KeepAlive(filter)
	if failed != 0 {
		return fmt.Errorf("seccomp: %w", failed)
	}
	return nil
}
