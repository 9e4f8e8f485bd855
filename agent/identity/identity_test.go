package identity

import (
	"context"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unicode/utf16"

	"imgmgr/agent/guest"
	"imgmgr/agent/job"
)

const (
	ofDrive   = "0e3a1b2c-1111-4222-8333-444455556666"
	ofService = "1e3a1b2c-1111-4222-8333-444455556666"
	ofBoard   = "2e3a1b2c-1111-4222-8333-444455556666"
)

func newGuest(t *testing.T, datasources ...string) *guest.Guest {
	return &guest.Guest{Root: t.TempDir(), Job: &job.Job{Expect: job.Expectation{Datasources: datasources}}}
}

func put(t *testing.T, g *guest.Guest, path string, text []byte) {
	t.Helper()
	full := g.Path(path)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(full, text, 0o644); err != nil {
		t.Fatal(err)
	}
}

func metadata(server string) []byte {
	return []byte(fmt.Sprintf(`{"uuid": "%s", "name": "x"}`, server))
}

const network = `{"links": [{"ethernet_mac_address": "fa:16:3e:00:00:01", "mtu": 1450}], "networks": []}`

// service plays 169.254.169.254; what it does not have is 404.
func service(t *testing.T, files map[string]string) (address string, asked *int) {
	count := 0
	server := httptest.NewServer(http.HandlerFunc(func(to http.ResponseWriter, request *http.Request) {
		count++
		text, known := files[request.URL.Path]
		if !known {
			http.NotFound(to, request)
			return
		}
		_, _ = to.Write([]byte(text))
	}))
	t.Cleanup(server.Close)
	return server.URL, &count
}

func TestTheDriveComesBeforeTheService(t *testing.T) {
	address, _ := service(t, map[string]string{"/openstack/latest/meta_data.json": string(metadata(ofService))})
	g := newGuest(t, "metadata", "config-drive")
	put(t, g, "/sys/class/block/sr0/size", []byte("1"))
	put(t, g, "/dev/sr0", disc(true, map[string]string{"meta_data.json": string(metadata(ofDrive)), "network_data.json": network}))
	if who := Look(context.Background(), g, address); who != (Identity{ofDrive, "config-drive"}) || !who.Sure() {
		t.Errorf("%+v", who)
	}
	if g.Service == nil || g.Service.UUID != ofService {
		t.Errorf("a promised service was not asked: %+v", g.Service)
	}
	if g.Network() == nil || *g.Network().Links[0].MTU != 1450 {
		t.Errorf("%+v", g.Network())
	}
}

func TestADriveIsReadWhereverItIs(t *testing.T) {
	files := map[string]string{"meta_data.json": string(metadata(ofDrive))}
	for name, prepare := range map[string]func(g *guest.Guest){
		"with short names": func(g *guest.Guest) {
			put(t, g, "/dev/sr0", disc(false, map[string]string{"META_DATA.JSON;1": files["meta_data.json"]}))
		},
		"with long names": func(g *guest.Guest) { put(t, g, "/dev/sr0", disc(true, files)) },
		"mounted by somebody": func(g *guest.Guest) {
			put(t, g, "/dev/sr0", []byte("nothing"))
			put(t, g, "/proc/self/mountinfo", []byte("30 20 11:0 / /mnt/my\\040drive ro - iso9660 /dev/sr0 ro\n"))
			put(t, g, "/mnt/my drive/openstack/latest/meta_data.json", metadata(ofDrive))
		},
	} {
		g := newGuest(t, "config-drive")
		put(t, g, "/sys/class/block/sr0/size", []byte("1"))
		prepare(g)
		if who := Look(context.Background(), g, "http://127.0.0.1:1"); who != (Identity{ofDrive, "config-drive"}) {
			t.Errorf("%s: %+v, %+v", name, who, g.Drive)
		}
	}
}

func TestAnotherDiscIsNoConfigDrive(t *testing.T) {
	for name, content := range map[string][]byte{
		"another label":   []byte(strings.Replace(string(disc(true, nil)), "config-2", "CDROM   ", 1)),
		"no disc":         make([]byte, 64<<10),
		"empty":           {},
		"no uuid":         disc(true, map[string]string{"meta_data.json": "{}"}),
		"no JSON":         disc(true, map[string]string{"meta_data.json": "<html>"}),
		"no file":         disc(true, nil),
		"nothing behind":  disc(true, map[string]string{"meta_data.json": string(metadata(ofDrive))})[:18*isoSector],
		"a cut-off entry": damaged(func(d []byte) { d[20*isoSector] = 250; d[20*isoSector+34] = 0 }),
		"a huge file":     damaged(func(d []byte) { binary.LittleEndian.PutUint32(d[17*isoSector+156+10:], 1<<31) }),
	} {
		g := newGuest(t, "config-drive")
		put(t, g, "/sys/class/block/sr0/size", []byte("1"))
		put(t, g, "/dev/sr0", content)
		if who := Look(context.Background(), g, "http://127.0.0.1:1"); who.Server != "" || g.Drive.Problem == "" {
			t.Errorf("%s: %+v, %+v", name, who, g.Drive)
		}
	}
}

func TestTheServiceTellsWhoWeAre(t *testing.T) {
	address, _ := service(t, map[string]string{
		"/openstack/latest/meta_data.json":    string(metadata(strings.ToUpper(ofService))),
		"/openstack/latest/network_data.json": network,
	})
	g := newGuest(t, "metadata")
	if who := Look(context.Background(), g, address); who != (Identity{ofService, "metadata"}) {
		t.Errorf("%+v", who)
	}
	if g.Network() == nil {
		t.Error("its network was not taken")
	}
}

func TestAServiceThatWasNotPromisedIsAskedLast(t *testing.T) {
	address, asked := service(t, map[string]string{"/openstack/latest/meta_data.json": string(metadata(ofService))})
	g := newGuest(t, "config-drive")
	put(t, g, "/sys/class/dmi/id/product_uuid", []byte(strings.ToUpper(ofBoard)+"\n"))
	if who := Look(context.Background(), g, address); who != (Identity{ofBoard, "dmi"}) || who.Sure() || *asked != 0 {
		t.Errorf("%+v, asked %d times", who, *asked)
	}
	bare := newGuest(t)
	if who := Look(context.Background(), bare, address); who != (Identity{ofService, "metadata"}) {
		t.Errorf("%+v", who)
	}
}

func TestNobodyKnows(t *testing.T) {
	address, _ := service(t, nil)
	g := newGuest(t, "metadata")
	if who := Look(context.Background(), g, address); who != (Identity{"", "none"}) || !strings.Contains(g.Service.Problem, "404") {
		t.Errorf("%+v, %+v", who, g.Service)
	}
}

func TestTheLabelOfAFATDrive(t *testing.T) {
	sector := func(kind, label string, kindAt, labelAt int) []byte {
		content := make([]byte, 512)
		copy(content[kindAt:], kind)
		copy(content[labelAt:], label)
		content[510], content[511] = 0x55, 0xaa
		return content
	}
	for name, one := range map[string]struct {
		content []byte
		label   string
	}{
		"FAT32":        {sector("FAT32   ", "CONFIG-2   ", 0x52, 0x47), "CONFIG-2"},
		"FAT16":        {sector("FAT16   ", "config-2   ", 0x36, 0x2b), "config-2"},
		"no FAT":       {sector("NTFS", "config-2", 3, 0x2b), ""},
		"no signature": {make([]byte, 512), ""},
		"short":        {[]byte("x"), ""},
	} {
		path := filepath.Join(t.TempDir(), "disk")
		if err := os.WriteFile(path, one.content, 0o644); err != nil {
			t.Fatal(err)
		}
		file, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if label := fatLabel(file); label != one.label {
			t.Errorf("%s: %q", name, label)
		}
		file.Close()
	}
}

func damaged(change func(disc []byte)) []byte {
	content := disc(true, map[string]string{"meta_data.json": string(metadata(ofDrive))})
	change(content)
	return content
}

// disc makes an ISO 9660 volume labelled config-2 with openstack/latest and these files in it, with short names or with Joliet's.
func disc(joliet bool, files map[string]string) []byte {
	content := make([]byte, 32*isoSector)
	at := func(sector int) []byte { return content[sector*isoSector : (sector+1)*isoSector] }
	descriptor := func(sector int, kind byte, root int) {
		d := at(sector)
		d[0] = kind
		copy(d[1:], "CD001\x01")
		copy(d[40:], fmt.Sprintf("%-32s", "config-2"))
		if kind == 2 {
			copy(d[88:], "%/E")
		}
		copy(d[156:], entry("\x00", root, isoSector, true, false))
	}
	// The primary tree is empty where the other one is what is read.
	top := 18
	if joliet {
		top = 19
		descriptor(17, 2, top)
		descriptor(16, 1, 18)
	} else {
		descriptor(16, 1, top)
	}
	names := [2]string{"openstack", "latest"}
	if !joliet {
		names = [2]string{"OPENSTACK", "LATEST"}
	}
	copy(at(top), entry(names[0], 20, isoSector, true, joliet))
	copy(at(20), entry(names[1], 21, 2*isoSector, true, joliet))
	// The folder goes on in a second sector: entries do not cross the border.
	next := 23
	place := 22 * isoSector
	for name, text := range files {
		one := entry(name, next, len(text), false, joliet)
		copy(content[place:], one)
		place += len(one)
		copy(at(next), text)
		next++
	}
	copy(at(21), entry("other", 30, 0, false, joliet))
	return content
}

func entry(name string, sector, size int, folder, joliet bool) []byte {
	raw := []byte(name)
	if joliet {
		raw = nil
		for _, unit := range utf16.Encode([]rune(name)) {
			raw = binary.BigEndian.AppendUint16(raw, unit)
		}
	}
	d := make([]byte, 33+len(raw)+(33+len(raw))%2)
	d[0] = byte(len(d))
	binary.LittleEndian.PutUint32(d[2:], uint32(sector))
	binary.LittleEndian.PutUint32(d[10:], uint32(size))
	if folder {
		d[25] = 2
	}
	d[32] = byte(len(raw))
	copy(d[33:], raw)
	return d
}
