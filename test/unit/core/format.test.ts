import {describe, expect, test} from 'vitest';
import {judgeEnd, judgeFormat} from '../../../src/core/format/assertion.ts';
import type {FileEnd} from '../../../src/core/format/inspect.ts';
import {END_REACH, inspectEnd, inspectStart} from '../../../src/core/format/inspect.ts';
import {wrapperOf} from '../../../src/core/format/wrapper.ts';
import {
  FILE_PARAMETERS,
  bytes,
  disk,
  fixedVhd,
  gptDisk,
  iso,
  mbrDisk,
  overlay,
  qcow2,
  u64le,
  vdi,
  vhd,
  vhdx,
  vmdk,
} from './image-bytes.ts';

const GIB = 1024 ** 3;
const PLAIN = 'CID=1\nparentCID=ffffffff\ncreateType="monolithicSparse"\nRW 2048 SPARSE "x.vmdk"\n';
const LIMIT = {maxVirtualBytes: 256 * GIB};

function endOf(file: Buffer): FileEnd {
  return {tail: file.subarray(-END_REACH), size: file.length};
}

function problemsOf(file: Uint8Array): readonly string[] {
  return inspectStart(file, true).problems.map(({id}) => id);
}

describe('recognises by content and knows the size of the disk inside', () => {
  test.each([
    ['qcow2 version 3', qcow2({size: 3 * GIB}), 'qcow2', 3 * GIB],
    ['qcow2 version 2', qcow2({version: 2, size: 2 * GIB}), 'qcow2', 2 * GIB],
    ['qcow2 with zstd clusters, dirty and corrupt marks', qcow2({features: 0b1011, compression: 1}), 'qcow2', GIB],
    ['qcow2 that says zlib in its longer header', qcow2({compression: 0}), 'qcow2', GIB],
    ['vmdk, sparse', vmdk(), 'vmdk', 2048 * 512],
    ['vmdk, stream-optimised', vmdk({type: 'streamOptimized', footer: true}), 'vmdk', 2048 * 512],
    ['vdi, dynamic', vdi(), 'vdi', 5 * GIB],
    ['vdi, fixed', vdi(2), 'vdi', 5 * GIB],
    ['vhd, dynamic', vhd(), 'vhd', 6 * GIB],
    ['vhdx', vhdx(), 'vhdx', 7 * GIB],
    ['iso 9660', iso(), 'iso', 32 * 2048],
    ['udf', iso('NSR02'), 'iso', undefined],
    ['udf alone', bytes(64 * 1024, {0x8001: 'BEA01', 0x8801: 'NSR03', 0x9001: 'TEA01'}), 'iso', undefined],
    ['a mark of UDF without UDF', bytes(64 * 1024, {0x8001: 'BEA01', 0x9001: 'TEA01'}), 'raw', undefined],
    ['an iso for USB sticks', overlay(iso(), gptDisk()), 'iso', 32 * 2048],
    ['a disk with a GPT', gptDisk(), 'raw', undefined],
    ['a disk with an MBR', mbrDisk(), 'raw', undefined],
    ['a FAT filesystem', bytes(4096, {0x10: [2], 0x15: [0xf8], 510: [0x55, 0xaa]}), 'raw', undefined],
    ['zeros', bytes(4096), 'raw', undefined],
  ])('%s', (_, file, format, virtualSize) => {
    const found = inspectStart(file, true);
    expect(found.problems).toEqual([]);
    expect([found.format, found.virtualSize]).toEqual([format, virtualSize]);
  });

  test.each([
    ['ext2/3/4', bytes(4096, {0x438: [0x53, 0xef]})],
    ['XFS', bytes(4096, {0: 'XFSB'})],
    ['SquashFS', bytes(4096, {0: 'hsqs'})],
    ['FAT', bytes(4096, {0x10: [2], 0x15: [0xf8], 0x36: 'FAT16', 510: [0x55, 0xaa]})],
    [undefined, bytes(4096)],
    [undefined, overlay(mbrDisk(), bytes(4096, {0x438: [0x53, 0xef]}))],
    [undefined, overlay(iso(), bytes(4096, {0x438: [0x53, 0xef]}))],
  ])('a file system that fills the disk is known: %s', (filesystem, file) =>
    expect(inspectStart(file, true).filesystem).toBe(filesystem),
  );

  test('a partition table is told from none', () => {
    expect([gptDisk(), mbrDisk(), bytes(4096)].map((file) => inspectStart(file, true).partitioned)).toEqual([
      true,
      true,
      false,
    ]);
  });
});

describe('refuses what reads other files, cannot be read, or is taken by no cloud', () => {
  test.each([
    ['qcow2 with a backing file', qcow2({backing: 512}), ['BackingFile']],
    ['qcow2 version 2 with a backing file', qcow2({version: 2, backing: 512}), ['BackingFile']],
    ['qcow2 with a data file', qcow2({features: 4}), ['DataFile']],
    ['qcow2 with extended L2 entries', qcow2({features: 0x10}), ['UnknownFeatures']],
    ['qcow2 with a feature in the high half', qcow2({features: 1n << 40n}), ['UnknownFeatures']],
    ['qcow2 with LUKS inside', qcow2({crypt: 2}), ['Encrypted']],
    [
      'all of it at once',
      qcow2({backing: 1, crypt: 1, features: 0x24}),
      ['BackingFile', 'Encrypted', 'DataFile', 'UnknownFeatures'],
    ],
    ['qcow2 with the bit of zstd alone', qcow2({features: 8}), ['UnknownFeatures']],
    ['qcow2 with the byte of zstd alone', qcow2({compression: 1}), ['UnknownFeatures']],
    ['qcow2 with an unknown compression', qcow2({features: 8, compression: 2}), ['UnknownFeatures']],
    ['qcow version 1', qcow2({version: 1}), ['Version']],
    ['qcow2 version 4', qcow2({version: 4}), ['Version']],
    ['vmdk of the flat type', vmdk({type: 'monolithicFlat'}), ['Type']],
    ['vmdk without a type', vmdk({descriptor: PLAIN.replace(/createType.*\n/, '')}), ['Type']],
    ['vmdk with an extent in another folder', vmdk({extent: '../x'}), ['Extent']],
    ['vmdk without an extent', vmdk({descriptor: PLAIN.replace(/RW.*\n/, '')}), ['Extent']],
    ['vmdk with a line nobody knows', vmdk({descriptor: `${PLAIN}EXEC x\n`}), ['Descriptor']],
    ['vmdk with a parent', vmdk({descriptor: `${PLAIN}parentFileNameHint="/etc/passwd"\n`}), ['BackingFile']],
    [
      'vmdk with a parent that it does not name',
      vmdk({descriptor: PLAIN.replace('ffffffff', '12345678')}),
      ['BackingFile'],
    ],
    ['vmdk with a descriptor beyond ASCII', vmdk({extent: 'b\xfcro.vmdk'}), ['Descriptor']],
    ['vmdk without a descriptor', vmdk({descriptor: ''}), ['Descriptor']],
    ['vmdk with its descriptor elsewhere', vmdk({place: 2}), ['Descriptor']],
    ['vmdk version 4', vmdk({version: 4}), ['Version']],
    ['an ESX extent', bytes(4096, {0: 'COWD'}), ['Type']],
    [
      'a text vmdk',
      Buffer.from('# Disk DescriptorFile\ncreateType="monolithicFlat"\nRW 8 FLAT "/etc/passwd" 0\n'),
      ['Descriptor'],
    ],
    [
      'a text vmdk that hides its first line',
      Buffer.from(`#${'x'.repeat(600)}\nCREATETYPE="vmfs"\nRW 8 FLAT "/etc/passwd" 0\n`),
      ['Descriptor'],
    ],
    ['a differencing vdi', vdi(4), ['BackingFile']],
    ['a differencing vhd', vhd(4), ['BackingFile']],
    ['a vhd of an unknown type', vhd(7), ['Type']],
    ['a differencing vhdx', vhdx({parent: true}), ['BackingFile']],
    ['vhdx with 2048 regions', vhdx({regions: 2048}), ['Region']],
    ['vhdx without a region table', vhdx({signature: 'xxxx'}), ['Region']],
    ['vhdx without a metadata region', vhdx({regions: 0}), ['Region']],
    ['vhdx with an item that nobody knows', vhdx({item: bytes(16, {0: [1]})}), ['Region']],
    ['vhdx with an item twice', vhdx({item: FILE_PARAMETERS}), ['Region']],
    ['vhdx with a region that nobody knows', vhdx({regions: 2}), ['Region']],
    ['vhdx with its metadata at the end of the world', vhdx({metadataAt: 2 ** 50}), ['Region']],
    ['LUKS', bytes(4096, {0: [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe, 0, 2]}), ['NotADisk']],
    ['QED', bytes(4096, {0: 'QED\0'}), ['NotADisk']],
    ['Parallels', bytes(4096, {0: 'WithoutFreeSpace'}), ['NotADisk']],
    ['Parallels, extended', bytes(4096, {0: 'WithouFreSpacExt'}), ['NotADisk']],
    ['zip', bytes(4096, {0: 'PK\x03\x04'}), ['Packed']],
    ['7z', bytes(4096, {0: [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c]}), ['Packed']],
    ['lz4', bytes(4096, {0: [0x04, 0x22, 0x4d, 0x18]}), ['Packed']],
    ['rar', bytes(4096, {0: 'Rar!\x1a\x07\x00'}), ['Packed']],
    ['tar (an OVA)', bytes(4096, {257: 'ustar'}), ['Packed']],
    ['a web page', Buffer.from('\ufeff\n<!DOCTYPE html><html>moved</html>'), ['WebPage']],
    ['a web page without a doctype', Buffer.from('<HTML><body>'), ['WebPage']],
    ['a web page in XML', Buffer.from('<?xml version="1.0"?>\n<html xmlns="x">'), ['WebPage']],
    ['an MBR with an invalid flag', disk([[0x12, 0x83, 2048]]), ['Mbr']],
    ['an MBR without a partition', disk([]), ['Mbr']],
    ['a protective entry that starts at sector 2', disk([[0, 0xee, 2]]), ['Mbr']],
    ['a protective entry with an invalid start', overlay(gptDisk(), bytes(512, {447: [9]})), ['Mbr']],
    [
      'a protective entry and another',
      disk([
        [0, 0xee, 1],
        [0x80, 0x83, 2048],
      ]),
      ['Mbr'],
    ],
    ['qcow2 that is an ISO, too', overlay(qcow2(), iso()), ['MultipleFormats']],
    ['qcow2 with a partition table', overlay(qcow2({length: 4096}), mbrDisk()), ['MultipleFormats']],
    ['an empty file', bytes(0), ['TooSmall']],
    ['one byte', bytes(1), ['TooSmall']],
    ['511 bytes', bytes(511), ['TooSmall']],
    ['qcow2 that ends in its header', qcow2({length: 100}), ['Truncated']],
    ['vmdk that ends in its descriptor', vmdk({length: 2000}), ['Truncated']],
    ['vhdx that ends before its metadata', vhdx().subarray(0, 300_000), ['Truncated']],
  ])('%s', (_, file, ids) => expect(problemsOf(file)).toEqual(ids));

  test('every refusal has a message that continues "the image …"', () => {
    const messages = [qcow2({backing: 1}), vmdk({extent: '/x'}), vdi(3), vhdx({regions: 9999}), disk([])].flatMap(
      (file) => inspectStart(file, true).problems.map(({message}) => message),
    );
    for (const message of messages) expect(message).toMatch(/^(is|has|looks) .*[^.]$/);
  });
});

describe('judges a beginning as it judges the whole', () => {
  const files = {
    qcow2: qcow2(),
    vmdk: vmdk(),
    vdi: vdi(),
    vhd: vhd(),
    vhdx: vhdx(),
    iso: iso(),
    gpt: gptDisk(),
    text: Buffer.from('# Disk DescriptorFile\n'),
    bad: qcow2({backing: 9}),
  };

  test.each(Object.entries(files))('%s: asks for more until it knows, and then says the same', (_, file) => {
    let seen = 1;
    let found = inspectStart(file.subarray(0, seen), seen >= file.length);
    for (let step = 0; found.needed !== undefined && seen < file.length; step += 1) {
      expect(step).toBeLessThan(8);
      expect(found.needed).toBeGreaterThan(seen);
      seen = found.needed;
      found = inspectStart(file.subarray(0, seen), seen >= file.length);
    }
    expect(found).toEqual(inspectStart(file, true));
  });

  test('never throws, whatever the header says', () => {
    let state = 42;
    const random = (below: number): number => {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      return state % below;
    };
    const bases = Object.values(files).map((file) => file.subarray(0, 40_000));
    const outcomes = new Set<string>();
    for (let round = 0; round < 10_000; round += 1) {
      const base = Buffer.from((bases[round % bases.length] ?? bytes(0)).subarray(0, 1 + random(2048)));
      for (let change = 0; change < 8; change += 1) base[random(Math.min(base.length, 600))] = random(256);
      const complete = random(2) === 0;
      const {format} = inspectStart(base, complete);
      inspectEnd(base, endOf(base), {format, partitioned: false, problems: [], footer: true});
      outcomes.add(format);
    }
    expect(outcomes.size).toBeGreaterThan(4);
  });
});

describe('compares with what the definition says', () => {
  const ids = (file: Uint8Array, format: string): readonly string[] =>
    judgeFormat(inspectStart(file, true), {format, ...LIMIT}).map(({id}) => id);

  test.each([
    ['qcow2', qcow2()],
    ['vmdk', vmdk()],
    ['vdi', vdi()],
    ['vhd', vhd()],
    ['vhdx', vhdx()],
    ['iso', iso()],
    ['iso', overlay(iso(), mbrDisk())],
    ['raw', gptDisk()],
    ['raw', bytes(4096)],
    ['gpt', gptDisk()],
    ['ami', bytes(4096)],
    ['aki', bytes(4096)],
    ['ari', bytes(4096)],
    ['ploop', bytes(4096)],
    // A fixed VHD shows itself only at its end.
    ['vhd', bytes(4096)],
    // A kernel with a partition table that means nothing.
    ['aki', disk([])],
    // Glance takes a disc of UDF alone for a raw disk.
    ['iso', bytes(64 * 1024, {0x8001: 'BEA01', 0x8801: 'NSR03'})],
    ['raw', bytes(64 * 1024, {0x8001: 'BEA01', 0x8801: 'NSR03'})],
    // A hybrid ISO boots as a disk.
    ['raw', overlay(iso(), mbrDisk())],
  ])('%s agrees', (format, file) => expect(ids(file, format)).toEqual([]));

  test.each([
    ['raw', qcow2()],
    ['raw', vmdk()],
    ['raw', iso()],
    ['raw', vhd()],
    ['qcow2', bytes(4096)],
    ['qcow2', mbrDisk()],
    ['iso', mbrDisk()],
    ['gpt', bytes(4096)],
    ['ami', qcow2()],
    ['vmdk', qcow2()],
  ])('%s is refused for something else', (format, file) => expect(ids(file, format)).toEqual(['Mismatch']));

  test('names both formats', () => {
    const [problem] = judgeFormat(inspectStart(qcow2(), true), {format: 'raw', ...LIMIT});
    expect(problem?.message).toBe('is qcow2, but the definition says raw');
  });

  test('an unsafe image is refused under every format', () => {
    for (const format of ['raw', 'qcow2', 'ami', 'vhd'])
      expect(ids(qcow2({backing: 8}), format)).toEqual(['BackingFile']);
  });

  test('refuses a disk beyond the limit, and not one at it', () => {
    expect(ids(qcow2({size: 63 * 1024 * GIB}), 'qcow2')).toEqual(['VirtualTooLarge']);
    expect(ids(qcow2({size: 2n ** 63n}), 'qcow2')).toEqual(['VirtualTooLarge']);
    expect(ids(qcow2({size: 256 * GIB}), 'qcow2')).toEqual([]);
  });
});

describe('judges the end', () => {
  const end = (file: Buffer, format: string): readonly string[] => {
    const inspection = inspectStart(file, true);
    return judgeEnd(inspectEnd(file, endOf(file), inspection), inspection, format).map(({id}) => id);
  };

  test('a VMDK footer that repeats the header passes', () => expect(end(vmdk({footer: true}), 'vmdk')).toEqual([]));

  test.each([
    ['a footer that names another descriptor', (file: Buffer) => u64le(9).copy(file, file.length - 1024 + 28)],
    ['another magic', (file: Buffer) => file.write('XXXX', file.length - 1024)],
    ['a footer behind the footer', (file: Buffer) => u64le(0xffffffffffffffffn).copy(file, file.length - 1024 + 56)],
    ['a wrong marker in front', (file: Buffer) => file.writeUInt32LE(2, file.length - 1536 + 12)],
    ['a wrong marker at the end', (file: Buffer) => file.writeUInt8(1, file.length - 1)],
  ])('refuses %s', (_, bend) => {
    const file = vmdk({footer: true});
    bend(file);
    expect(end(file, 'vmdk')).toEqual(['Footer']);
  });

  test('refuses a VMDK that is too short for its footer', () => {
    const inspection = inspectStart(vmdk({footer: true}), false);
    expect(inspectEnd(vmdk(), endOf(bytes(1000)), inspection).problems.map(({id}) => id)).toEqual(['Footer']);
  });

  test('a fixed VHD is one only under its own name', () => {
    expect(end(fixedVhd(), 'vhd')).toEqual([]);
    expect(end(fixedVhd(), 'raw')).toEqual(['Mismatch']);
    expect(end(bytes(4096), 'vhd')).toEqual(['Mismatch']);
    expect(end(bytes(4096), 'raw')).toEqual([]);
    expect(end(vhd(), 'vhd')).toEqual([]);
  });
});

describe('recognises compressions', () => {
  test.each([
    ['gz', [0x1f, 0x8b, 8, 0]],
    ['xz', [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0]],
    ['zst', [0x28, 0xb5, 0x2f, 0xfd]],
    ['bz2', [0x42, 0x5a, 0x68, 0x39, 0x31, 0x41, 0x59, 0x26, 0x53, 0x59]],
    ['bz2', [0x42, 0x5a, 0x68, 0x31, 0x17, 0x72, 0x45, 0x38, 0x50, 0x90]],
    [undefined, [0x42, 0x5a, 0x68, 0x39, 0, 0, 0, 0, 0, 0]],
    [undefined, [0x1f, 0x8b]],
    [undefined, [0x51, 0x46, 0x49, 0xfb]],
    [undefined, []],
  ])('%s', (wrapper, head) => expect(wrapperOf(Buffer.from(head))).toBe(wrapper));
});
