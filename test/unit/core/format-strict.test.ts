import {describe, expect, test} from 'vitest';
import {END_REACH, inspectEnd, inspectStart} from '../../../src/core/format/inspect.ts';
import {bytes, fixedVhd, overlay, qcow2, u32be, u32le, u64be, u64le, vdi, vhd, vhdx, vmdk} from './image-bytes.ts';

function problemsOf(file: Uint8Array): readonly string[] {
  return inspectStart(file, true).problems.map(({id}) => id);
}

/** What start and end of a file show together. */
function wholeProblems(file: Buffer): readonly string[] {
  const found = inspectStart(file, true);
  const end = inspectEnd(file, {tail: file.subarray(-END_REACH), size: file.length}, found);
  return [...found.problems, ...end.problems].map(({id}) => id);
}

const PLAIN = [
  '# Disk DescriptorFile',
  'version=1',
  'CID=12345678',
  'parentCID=ffffffff',
  'createType="monolithicSparse"',
  '',
  '# Extent description',
  'RW 2048 SPARSE "disk.vmdk"',
  '',
];

function descriptor(change: (text: string) => string): Buffer {
  return vmdk({descriptor: change(PLAIN.join('\n'))});
}

const replaced = (from: string, to: string): Buffer => descriptor((text) => text.replace(from, to));

describe('S1: a VMDK that QEMU may read in another way is refused', () => {
  test.each<[string, Buffer, readonly string[]]>([
    ['capacity 0 in the header: QEMU opens the extents that it names', vmdk({capacity: 0}), ['Extent']],
    [
      'a tab in the extent line',
      replaced('RW 2048 SPARSE "disk.vmdk"', 'RW\t2048\tFLAT\t"/etc/passwd"\t0'),
      ['Descriptor'],
    ],
    ['a form feed in front of the extent line', replaced('RW 2048', '\fRW 2048'), ['Descriptor']],
    ['a vertical tab', replaced('RW 2048', 'RW\v2048'), ['Descriptor']],
    ['a carriage return', descriptor((text) => text.replaceAll('\n', '\r\n')), ['Descriptor']],
    ['blanks in front of the extent line', replaced('RW 2048', '  RW 2048'), ['Extent']],
    ['two blanks in the extent line', replaced('RW 2048', 'RW  2048'), ['Extent']],
    ['another letter case of createType', replaced('createType', 'CREATETYPE'), ['Type']],
    ['another letter case of its value', replaced('monolithicSparse', 'MonolithicSparse'), ['Type']],
    ['several createTypes', descriptor((text) => `${text}createType="monolithicSparse"\n`), ['Type']],
    ['a createType in a comment', replaced('version=1', '# createType="monolithicFlat"'), ['Descriptor']],
    ['a flat extent', replaced('SPARSE "disk.vmdk"', 'FLAT "disk.vmdk" 0'), ['Extent']],
    ['a VMFS extent', replaced('SPARSE', 'VMFS'), ['Extent']],
    ['an extent in lower case', replaced('RW 2048', 'rw 2048'), ['Extent']],
    ['several extents', descriptor((text) => `${text}RW 2048 SPARSE "other.vmdk"\n`), ['Extent']],
    ['an extent by a protocol', replaced('disk.vmdk', 'nbd:unix:x'), ['Extent']],
    ['an extent by a Windows path', replaced('disk.vmdk', '..\\x'), ['Extent']],
    ['an extent without a name', replaced('disk.vmdk', ''), ['Extent']],
    ['an extent with a second name', replaced('"disk.vmdk"', '"disk.vmdk" "x"'), ['Extent']],
    ['an extent of more sectors than the header says', replaced('RW 2048', 'RW 4096'), ['Extent']],
    ['an extent of fewer sectors than the header says', replaced('RW 2048', 'RW 1024'), ['Extent']],
    ['a parent in a comment', replaced('version=1', '# parentFileNameHint="/etc/passwd"'), ['BackingFile']],
    ['a parent', replaced('version=1', 'parentFileNameHint="/etc/passwd"'), ['BackingFile']],
    ['the UUID of a parent', descriptor((text) => `${text}ddb.uuid.parent="1-2"\n`), ['BackingFile']],
    ['a native parent', descriptor((text) => `${text}ddb.nativeParentHint = "x"\n`), ['BackingFile']],
    ['a file of changed blocks', descriptor((text) => `${text}changeTrackPath="x-ctk.vmdk"\n`), ['Descriptor']],
    ['a sidecar', descriptor((text) => `${text}ddb.sidecars = "x.vmfd"\n`), ['Descriptor']],
    ['a CID in a comment', replaced('version=1', '# CID=1'), ['Descriptor']],
    ['no CID', replaced('CID=12345678\n', ''), ['Descriptor']],
    ['two CIDs', descriptor((text) => `${text}CID=1\n`), ['Descriptor']],
    ['no parentCID', replaced('parentCID=ffffffff\n', ''), ['Descriptor']],
    ['an unknown encoding', replaced('version=1', 'encoding="a b"'), ['Descriptor']],
    ['a createType that disagrees with the header', vmdk({compression: 1}), ['Type']],
    ['a compression that nobody knows', vmdk({compression: 2}), ['Descriptor']],
    ['a descriptor that fills its sectors, so that QEMU reads on', filled(1), ['Descriptor']],
    ['text behind the end of the descriptor', overlay(vmdk(), bytes(4096, {900: 'x'})), ['Descriptor']],
    ['a descriptor longer than QEMU reads', filled(30), ['Descriptor']],
    ['a header changed by a text mode', overlay(vmdk(), bytes(512, {73: [0xff]})), ['Descriptor']],
  ])('%s', (_, file, ids) => expect(problemsOf(file)).toEqual(ids));

  test.each<[string, (file: Buffer) => void]>([
    ['another capacity', (file) => u64le(4096).copy(file, file.length - 1024 + 12)],
    ['capacity 0', (file) => u64le(0).copy(file, file.length - 1024 + 12)],
    ['another grain size', (file) => u64le(8).copy(file, file.length - 1024 + 20)],
    ['other flags', (file) => u32le(9).copy(file, file.length - 1024 + 8)],
    ['another compression', (file) => file.writeUInt16LE(0, file.length - 1024 + 77)],
  ])('a footer with %s than the header, which QEMU believes', (_, bend) => {
    const file = vmdk({type: 'streamOptimized', footer: true});
    expect(wholeProblems(file)).toEqual([]);
    bend(file);
    expect(wholeProblems(file)).toEqual(['Footer']);
  });

  test('a footer in a file of no whole sectors, which QEMU looks for elsewhere', () => {
    const file = vmdk({type: 'streamOptimized', footer: true});
    expect(wholeProblems(Buffer.concat([file.subarray(0, 1000), file]).subarray(0, -1))).not.toEqual([]);
    expect(wholeProblems(Buffer.concat([file.subarray(0, -1536), bytes(100), file.subarray(-1536)]))).toEqual([
      'Footer',
    ]);
  });
});

function filled(sectors: number): Buffer {
  const text = PLAIN.join('\n');
  return vmdk({descriptor: `${text}${`#${'x'.repeat(62)}\n`.repeat(8 * sectors)}`.slice(0, sectors * 512), sectors});
}

describe('S1: text that QEMU takes for a VMDK descriptor is refused', () => {
  test.each([
    ['behind comments of any bytes', '# \xff\x01\n#\nversion=1\n'],
    ['behind blank lines', '   \n  \nversion=3\ncreatetype=x\n'],
    ['with the line ends of Windows', '#\r\n  \r\nversion=2\r\n'],
    ['at once', 'version=1\nRW 8 FLAT "/etc/passwd" 0\n'],
  ])('%s', (_, text) => expect(problemsOf(bytes(4096, {0: text}))).toEqual(['Descriptor']));

  test.each([
    ['another version', 'version=4\n'],
    ['an empty line, which QEMU does not skip', '\nversion=1\n'],
    ['nothing', '# only a comment'],
  ])('but not %s', (_, text) => expect(problemsOf(bytes(4096, {0: text}))).toEqual([]));
});

describe('S1: what else QEMU would find in a raw disk is refused', () => {
  test.each([
    ['Bochs', 'Bochs Virtual HD Image'],
    ['cloop', '#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=$0 && mount -r -t iso9660 $1\n'],
  ])('%s', (_, text) => expect(problemsOf(bytes(4096, {0: text}))).toEqual(['NotADisk']));
});

describe('S1: no other format refers to another file, or has two readings', () => {
  test.each<[string, Buffer, readonly string[]]>([
    [
      'qcow2 that names a data file without the feature',
      qcow2({extensions: [[0x44415441, '/etc/passwd']]}),
      ['DataFile'],
    ],
    ['the same in version 2', qcow2({version: 2, extensions: [[0x44415441, '/etc/passwd']]}), ['DataFile']],
    [
      'qcow2 whose data file comes behind another extension',
      qcow2({
        extensions: [
          [0x6803f857, 'x'.repeat(48)],
          [0x44415441, 'x'],
        ],
      }),
      ['DataFile'],
    ],
    ['qcow2 with an encryption header', qcow2({extensions: [[0x0537be77, 'x'.repeat(16)]]}), ['Encrypted']],
    ['qcow2 with an extension that nobody knows', qcow2({extensions: [[0x12345678, 'x']]}), ['UnknownFeatures']],
    [
      'qcow2 with an extension that leads out of its header',
      overlay(qcow2(), bytes(4096, {104: u32be(0x6803f857), 108: u32be(0x7fffffff)})),
      ['Descriptor'],
    ],
    [
      'qcow2 with very many extensions',
      qcow2({extensions: Array.from({length: 100}, () => [0x6803f857, ''] as const)}),
      ['Descriptor'],
    ],
    ['qcow2 with a header of another length', qcow2({headerLength: 4096}), ['UnknownFeatures']],
    ['qcow2 with impossible clusters', qcow2({clusterBits: 40}), ['Descriptor']],
    ['qcow2 of 0 bytes', qcow2({size: 0}), ['Size']],
    ['qcow2 that ends within a sector', qcow2({size: 1000}), ['Size']],
    ['qcow2 with very many snapshots', overlay(qcow2(), bytes(4096, {60: u32be(257)})), ['Descriptor']],
    ['vdi with the UUID of a parent', overlay(vdi(), bytes(512, {0x1b8: [1]})), ['BackingFile']],
    ['vdi with the UUID of a snapshot below', overlay(vdi(), bytes(512, {0x1a8: [1]})), ['BackingFile']],
    ['vdi of another version', overlay(vdi(), bytes(512, {0x46: [2]})), ['Version']],
    ['vdi of 0 bytes', vdi(1, 0), ['Size']],
    ['vdi that ends within a sector', vdi(1, 1001), ['Size']],
    ['a dynamic vhd with the name of a parent', overlay(vhd(), bytes(2048, {577: 'p'})), ['BackingFile']],
    ['a dynamic vhd with the UUID of a parent', overlay(vhd(), bytes(2048, {552: [1]})), ['BackingFile']],
    ['a dynamic vhd with a parent locator', overlay(vhd(), bytes(2048, {1088: 'W2ku'})), ['BackingFile']],
    ['a dynamic vhd whose header is elsewhere', overlay(vhd(), bytes(512, {16: u64be(1 << 20)})), ['Region']],
    ['a vhd whose geometry is another size', overlay(vhd(), bytes(512, {28: 'vbox', 56: [1, 1, 4, 17]})), ['Size']],
    ['a vhd of 0 bytes', vhd(3, 0), ['Size']],
    ['a vhdx whose parameters say that it has a parent', vhdx({flags: 2}), ['BackingFile']],
    ['a vhdx with a log that was not written back', vhdx({log: true}), ['Region']],
    ['a vhdx of 0 bytes', vhdx({size: 0}), ['Size']],
    ['a vhdx that ends within a sector', vhdx({size: 1000}), ['Size']],
  ])('%s', (_, file, ids) => expect(problemsOf(file)).toEqual(ids));

  test.each<[string, Buffer, readonly string[]]>([
    ['a fixed vhd of another size than its file', Buffer.concat([bytes(512), fixedVhd()]), ['Size']],
    ['a file that ends as a differencing vhd', overlayEnd(fixedVhd(), 60, u32be(4)), ['Type']],
    ['a fixed vhd whose geometry is another size', overlayEnd(fixedVhd(), 28, Buffer.from('vbox')), ['Size']],
    ['a fixed vhd in a file of no whole sectors', Buffer.concat([bytes(1), fixedVhd()]), ['Size']],
  ])('%s', (_, file, ids) => expect(wholeProblems(file)).toEqual(ids));
});

function overlayEnd(file: Buffer, at: number, part: Buffer): Buffer {
  const changed = Buffer.from(file);
  part.copy(changed, file.length - 512 + at);
  return changed;
}

/** Descriptors as the tools write them into disks of one file. */
const REAL: Readonly<Record<string, string>> = {
  'ovftool of VMware': `# Disk DescriptorFile
version=1
CID=d5a0bce5
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RDONLY 4192256 SPARSE "generated-stream.vmdk"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
ddb.geometry.cylinders = "260"
ddb.geometry.heads = "255"
ddb.geometry.sectors = "63"
ddb.longContentID = "8eee45efc32a5d377f6bff2731641530"
ddb.thinProvisioned = "1"
ddb.toolsInstallType = "4"
ddb.toolsVersion = "2147483647"
ddb.uuid = "60 00 C2 9a 0d b1 7c 3d-7e 4f 11 22 33 44 55 66"
ddb.virtualHWVersion = "13"
`,
  'VMware Workstation': `# Disk DescriptorFile
version=1
encoding="windows-1252"
CID=fffffffe
parentCID=ffffffff
isNativeSnapshot="no"
createType="streamOptimized"

# Extent description
RW 4192256 SPARSE "Windows 10-disk1.vmdk"

# The Disk Data Base 
#DDB

ddb.adapterType = "lsilogic"
ddb.encoding = "UTF-8"
`,
  VirtualBox: `# Disk DescriptorFile
version=1
CID=e1b2ae5a
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW 4192256 SPARSE "name-disk1.vmdk"

# The disk Data Base 
#DDB

ddb.virtualHWVersion = "4"
ddb.adapterType="ide"
ddb.geometry.cylinders="4159"
ddb.geometry.heads="16"
ddb.geometry.sectors="63"
ddb.uuid.image="9afa1dd0-d966-4279-a762-b7fbb0136308"
ddb.uuid.modification="cd9be63c-4953-44d0-8325-45635a9ca396"
ddb.uuid.parent="00000000-0000-0000-0000-000000000000"
ddb.uuid.parentmodification="00000000-0000-0000-0000-000000000000"
ddb.geometry.biosCylinders="1024"
ddb.geometry.biosHeads="255"
ddb.geometry.biosSectors="63"
ddb.comment=""
`,
  'the stream converter that distributions build with': `# Description file created by VMDK stream converter
version=1
# Believe this is random
CID=7e5b80a7
# Indicates no parent
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RDONLY 4192256 SPARSE "call-me-stream.vmdk"

# The Disk Data Base
#DDB

ddb.adapterType = "lsilogic"
# 4192256 / 63 / 255 rounded up
ddb.geometry.cylinders = "261"
ddb.virtualHWVersion = "7"`,
  'open-vmdk': `# Disk DescriptorFile
version=1
encoding="UTF-8"
CID=0abc1234
parentCID=ffffffff
createType="streamOptimized"

# Extent description
RW 4192256 SPARSE "disk.vmdk"

# The Disk Data Base
#DDB

ddb.longContentID = "0123456789abcdef0123456789abcdef"
ddb.virtualHWVersion = "6" # This field is obsolete, used by ESX3.x and older only.
ddb.toolsInstallType = "4" # unmanaged (open-vm-tools)
`,
};

/** As QEMU leaves a descriptor over whose CID it wrote one of fewer digits: the end of the longer text stays behind the new end. */
function shortened(cid: string, left = (text: string): string => text): string {
  const before = PLAIN.join('\n');
  const after = before.replace(/^CID=[0-9a-f]{8}$/m, `CID=${cid}`);
  return `${after}\0${left(before.slice(after.length + 1))}`;
}

describe('S1: what qemu-img leaves behind a descriptor when it writes a shorter CID', () => {
  test.each(['a', 'abc', 'abcdef', 'abcdef1', 'abcdef12'])('passes: CID=%s', (cid) => {
    expect(problemsOf(vmdk({descriptor: shortened(cid)}))).toEqual([]);
  });

  test.each<[string, string]>([
    ['other text', shortened('abc', (text) => `x${text.slice(1)}`)],
    ['more of it', shortened('abc', (text) => `"${text}${text}`)],
    ['the same again', shortened('abc', (text) => `${text}\0${text}`)],
  ])('and nothing else does: %s', (_, descriptor) => {
    expect(problemsOf(vmdk({descriptor}))).toEqual(['Descriptor']);
  });
});

describe('S1: what real tools write passes', () => {
  test.each(Object.entries(REAL))('%s', (_, text) => {
    const file = vmdk({type: 'streamOptimized', descriptor: text, capacity: 4192256, footer: true});
    expect(inspectStart(file, true)).toMatchObject({virtualSize: 4192256 * 512, problems: []});
    expect(wholeProblems(file)).toEqual([]);
  });

  test('an extent that is smaller than the capacity by less than a grain, as VirtualBox rounds', () => {
    expect(problemsOf(replaced('RW 2048', 'RW 2000'))).toEqual([]);
    expect(problemsOf(replaced('RW 2048', 'RW 1920'))).toEqual(['Extent']);
  });

  test.each<[string, Buffer]>([
    [
      'qcow2 with the extensions that qemu-img writes',
      qcow2({headerLength: 112, extensions: [[0x6803f857, 'f'.repeat(384)]]}),
    ],
    ['vmdk with data right behind its descriptor', overlay(vmdk({sectors: 1}), bytes(4096, {1100: 'x'}))],
    ['qcow2 with dirty bitmaps', qcow2({extensions: [[0x23852875, 'b'.repeat(24)]]})],
    ['qcow2 with a few snapshots', overlay(qcow2(), bytes(4096, {60: u32be(256), 64: u64be(196_608)}))],
    ['qcow2 with the smallest clusters', qcow2({clusterBits: 9, extensions: [[0x6803f857, 'f'.repeat(384)]]})],
    ['a vhd of the largest geometry', overlay(vhd(), bytes(512, {28: 'vbox', 56: [0xff, 0xff, 16, 255]}))],
    ['a vhd whose geometry is its size', overlay(vhd(3, 1088 * 512), bytes(512, {28: 'vbox', 56: [0, 16, 4, 17]}))],
  ])('%s', (_, file) => expect(problemsOf(file)).toEqual([]));
});
