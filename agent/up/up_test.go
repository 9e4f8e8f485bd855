package up

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"imgmgr/agent/guest"
)

// sandbox is a guest made of files whose time passes with every second that is slept.
type sandbox struct {
	*guest.Guest
	t       *testing.T
	systemd []string
	slept   int
	onSleep func(second int)
}

func newSandbox(t *testing.T, patience int) *sandbox {
	s := &sandbox{t: t, onSleep: func(int) {}}
	s.Guest = &guest.Guest{
		Root: t.TempDir(),
		Exec: func(context.Context, ...string) (guest.Output, error) {
			if len(s.systemd) == 0 {
				return guest.Output{}, errors.New("it does not answer")
			}
			state := s.systemd[0]
			if len(s.systemd) > 1 {
				s.systemd = s.systemd[1:]
			}
			return guest.Output{Text: state + "\n"}, nil
		},
		Sleep: func(context.Context, time.Duration) error {
			s.slept++
			if s.slept >= patience {
				return context.DeadlineExceeded
			}
			s.onSleep(s.slept)
			return nil
		},
	}
	return s
}

func (s *sandbox) put(path, text string, changed time.Time) {
	s.t.Helper()
	full := s.Path(path)
	for _, err := range []error{os.MkdirAll(filepath.Dir(full), 0o755), os.WriteFile(full, []byte(text), 0o644), os.Chtimes(full, changed, changed)} {
		if err != nil {
			s.t.Fatal(err)
		}
	}
}

func (s *sandbox) expect(reason string, slept int) {
	s.t.Helper()
	if got := Wait(context.Background(), s.Guest); !strings.Contains(got, reason) || (reason == "" && got != "") || s.slept != slept {
		s.t.Errorf("%q after %d s, expected %q after %d s", got, s.slept, reason, slept)
	}
}

func TestAGuestWithNeitherIsUp(t *testing.T) {
	newSandbox(t, 5).expect("", 0)
}

func TestCloudInitIsWaitedFor(t *testing.T) {
	s := newSandbox(t, 10)
	s.put("/usr/bin/cloud-init", "", time.Now())
	s.onSleep = func(second int) {
		if second == 3 {
			s.put("/run/cloud-init/result.json", "{}", time.Now())
		}
	}
	s.expect("", 3)
}

func TestCloudInitThatNeverEndsIsNamed(t *testing.T) {
	s := newSandbox(t, 4)
	s.put("/usr/bin/cloud-init", "", time.Now())
	s.expect("cloud-init has not finished", 4)
}

func TestADisabledCloudInitIsNotWaitedFor(t *testing.T) {
	s := newSandbox(t, 4)
	s.put("/usr/bin/cloud-init", "", time.Now())
	s.put("/etc/cloud/cloud-init.disabled", "", time.Now())
	s.expect("", 0)
}

func TestTheMarkOfAnEarlierBootDoesNotCount(t *testing.T) {
	for _, one := range []struct {
		age    time.Duration
		reason string
		slept  int
	}{{0, "", 0}, {30 * 24 * time.Hour, "cloud-init has not finished", 4}} {
		s := newSandbox(t, 4)
		s.put("/proc/stat", "btime "+fmt.Sprint(time.Now().Add(-time.Hour).Unix())+"\n", time.Now())
		s.put("/usr/bin/cloud-init", "", time.Now())
		s.put("/var/lib/cloud/instance/boot-finished", "", time.Now().Add(-one.age))
		s.expect(one.reason, one.slept)
	}
}

func TestSystemdIsWaitedFor(t *testing.T) {
	s := newSandbox(t, 10)
	s.put("/run/systemd/system/x", "", time.Now())
	s.systemd = []string{"initializing", "starting", "degraded"}
	s.expect("", 2)
}

func TestASystemdThatDoesNotComeUpIsNamed(t *testing.T) {
	s := newSandbox(t, 3)
	s.put("/run/systemd/system/x", "", time.Now())
	s.systemd = []string{"starting"}
	s.expect("systemd is starting", 3)
	mute := newSandbox(t, 3)
	mute.put("/run/systemd/system/x", "", time.Now())
	mute.expect("systemctl: it does not answer", 3)
}
