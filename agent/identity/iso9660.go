package identity

import (
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"unicode/utf16"
)

const (
	isoSector = 2048
	// What a config drive's files may have at most; they have some kilobytes.
	isoMost = 4 << 20
)

// iso reads files of an ISO 9660 image without mounting it: a small guest's kernel need not know that file system.
type iso struct {
	from   io.ReaderAt
	label  string
	root   isoEntry
	joliet bool
}

type isoEntry struct {
	name      string
	at, bytes uint32
	folder    bool
}

// openISO looks for a primary volume descriptor, and prefers a Joliet one: the primary one has short names only.
func openISO(from io.ReaderAt) (*iso, error) {
	var found *iso
	for sector := int64(16); sector < 32; sector++ {
		d := make([]byte, isoSector)
		if _, err := from.ReadAt(d, sector*isoSector); err != nil || string(d[1:6]) != "CD001" || d[0] == 255 {
			break
		}
		root := parseISOEntry(d[156:190], false)
		switch {
		case d[0] == 1:
			found = &iso{from: from, label: strings.TrimSpace(string(d[40:72])), root: root}
		case d[0] == 2 && found != nil && d[88] == '%' && d[89] == '/':
			found.root, found.joliet = root, true
		}
	}
	if found == nil {
		return nil, errors.New("no ISO 9660 volume")
	}
	return found, nil
}

func parseISOEntry(d []byte, joliet bool) isoEntry {
	entry := isoEntry{at: binary.LittleEndian.Uint32(d[2:]), bytes: binary.LittleEndian.Uint32(d[10:]), folder: d[25]&2 != 0}
	raw := d[33:min(33+int(d[32]), len(d))]
	if joliet && len(raw) > 1 {
		units := make([]uint16, len(raw)/2)
		for i := range units {
			units[i] = binary.BigEndian.Uint16(raw[2*i:])
		}
		entry.name = string(utf16.Decode(units))
	} else {
		entry.name = string(raw)
	}
	entry.name, _, _ = strings.Cut(entry.name, ";")
	return entry
}

func (i *iso) content(entry isoEntry) ([]byte, error) {
	if entry.bytes > isoMost {
		return nil, errors.New("a file is larger than any of a config drive's")
	}
	content := make([]byte, entry.bytes)
	_, err := i.from.ReadAt(content, int64(entry.at)*isoSector)
	if errors.Is(err, io.EOF) {
		err = nil
	}
	return content, err
}

// read returns a file by its path.
func (i *iso) read(path string) ([]byte, error) {
	at := i.root
	for part := range strings.SplitSeq(strings.Trim(path, "/"), "/") {
		folder, err := i.content(at)
		if err != nil {
			return nil, err
		}
		next, ok := find(folder, part, i.joliet)
		if !ok {
			return nil, errors.New("no " + path)
		}
		at = next
	}
	return i.content(at)
}

func find(folder []byte, name string, joliet bool) (isoEntry, bool) {
	for at := 0; at+34 <= len(folder); {
		length := int(folder[at])
		if length == 0 {
			// Entries do not cross sectors; the rest of this one is empty.
			at = (at/isoSector + 1) * isoSector
			continue
		}
		if length < 34 || at+length > len(folder) {
			break
		}
		if entry := parseISOEntry(folder[at:at+length], joliet); strings.EqualFold(entry.name, name) {
			return entry, true
		}
		at += length
	}
	return isoEntry{}, false
}
