import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, describe, expect, test} from 'vitest';
import {END_REACH, inspectEnd, inspectStart} from '../../src/core/format/inspect.ts';
import type {FileEnd, Inspection} from '../../src/core/format/inspect.ts';

// Files made by the real tools: what we say about them must be what QEMU says.
const folder = mkdtempSync(join(tmpdir(), 'formats-'));
afterAll(() => rmSync(folder, {recursive: true}));

const path = (name: string): string => join(folder, name);
const tool = (command: string, ...args: readonly string[]): string =>
  execFileSync(command, args, {cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});

/** What QEMU thinks of a file when nobody tells it anything. */
function qemu(name: string): {readonly format: string; readonly 'virtual-size': number} {
  return JSON.parse(tool('qemu-img', 'info', '--output=json', path(name))) as {format: string; 'virtual-size': number};
}

function endOf(content: Buffer): FileEnd {
  return {tail: content.subarray(-END_REACH), size: content.length};
}

/** Our verdict by the first bytes, as many as asked for, and the last ones. */
function inspect(name: string): Inspection {
  const content = readFileSync(path(name));
  let found = inspectStart(content.subarray(0, 64 * 1024), content.length <= 64 * 1024);
  while (found.needed !== undefined && found.needed <= content.length)
    found = inspectStart(content.subarray(0, found.needed), content.length <= found.needed);
  return {
    ...found,
    problems: [...found.problems, ...inspectEnd(content, endOf(content), found).problems],
  };
}

/** qemu-img measures how fast the processor is, and gives up where another process has it for most of that time. */
function encryptedDisk(...args: readonly string[]): string {
  for (let attempts = 1; ; attempts++)
    try {
      return tool('qemu-img', 'create', '-q', '--object', 'secret,id=s,data=abc123', ...args);
    } catch (error) {
      if (attempts === 10) throw error;
    }
}

function create(name: string, format: string, ...options: readonly string[]): string {
  tool('qemu-img', 'create', '-f', format, ...options.flatMap((option) => ['-o', option]), path(name), '100M');
  return name;
}

describe('agrees with qemu-img about format and size of', () => {
  test.each([
    ['qcow2', 'qcow2', 'qcow2', []],
    ['qcow2, version 2', 'qcow2', 'qcow2', ['compat=0.10']],
    ['qcow2, zstd', 'qcow2', 'qcow2', ['compression_type=zstd']],
    ['qcow2, lazy refcounts', 'qcow2', 'qcow2', ['lazy_refcounts=on']],
    ['vmdk', 'vmdk', 'vmdk', ['subformat=monolithicSparse']],
    ['vmdk, stream-optimised', 'vmdk', 'vmdk', ['subformat=streamOptimized']],
    ['vdi', 'vdi', 'vdi', []],
    ['vdi, static', 'vdi', 'vdi', ['static=on']],
    ['vhdx', 'vhdx', 'vhdx', []],
    ['vhdx, fixed', 'vhdx', 'vhdx', ['subformat=fixed']],
    ['vpc, dynamic', 'vpc', 'vhd', ['subformat=dynamic']],
    ['raw', 'raw', 'raw', []],
  ])('%s', (label, format, ours, options) => {
    const name = create(label.replaceAll(/\W+/g, '-'), format, ...options);
    const said = qemu(name);
    const found = inspect(name);
    expect(found.problems).toEqual([]);
    expect(found.needed).toBeUndefined();
    expect([found.format, found.virtualSize ?? readFileSync(path(name)).length]).toEqual([ours, said['virtual-size']]);
    expect(said.format).toBe(format);
  });

  test('a converted, compressed, stream-optimised vmdk with data', () => {
    writeFileSync(path('data.raw'), Buffer.alloc(3 * 1024 * 1024, 'x'));
    tool(
      'qemu-img',
      'convert',
      '-f',
      'raw',
      '-O',
      'vmdk',
      '-o',
      'subformat=streamOptimized',
      path('data.raw'),
      path('data.vmdk'),
    );
    expect(inspect('data.vmdk')).toMatchObject({
      format: 'vmdk',
      problems: [],
      virtualSize: qemu('data.vmdk')['virtual-size'],
    });
  });

  test.each(['gpt', 'dos'])('a disk that sfdisk labelled %s', (label) => {
    writeFileSync(path(label), '');
    truncateSync(path(label), 20 * 1024 * 1024);
    execFileSync('sfdisk', ['-q', path(label)], {input: `label: ${label}\n- - L -\n`});
    expect(inspect(label)).toMatchObject({format: 'raw', partitioned: true, problems: []});
    expect(qemu(label).format).toBe('raw');
  });

  test.each([
    ['iso', []],
    ['iso-udf', ['-udf']],
  ])('%s of genisoimage', (name, options) => {
    tool('genisoimage', '-quiet', '-J', '-R', ...options, '-o', path(name), '-graft-points', `x=${path('data.raw')}`);
    const found = inspect(name);
    expect([found.format, found.problems]).toEqual(['iso', []]);
    expect(Math.abs((found.virtualSize ?? 0) - readFileSync(path(name)).length)).toBeLessThanOrEqual(300 * 1024);
  });
});

describe('refuses what qemu-img makes and no cloud should take', () => {
  const ids = (name: string): readonly string[] => inspect(name).problems.map(({id}) => id);

  test('qcow2 with a backing file', () => {
    create('base', 'qcow2');
    tool('qemu-img', 'create', '-f', 'qcow2', '-F', 'qcow2', '-b', path('base'), path('overlay'));
    expect(ids('overlay')).toEqual(['BackingFile']);
  });

  test('qcow2 with a data file', () =>
    expect(ids(create('outside', 'qcow2', `data_file=${path('outside.raw')}`))).toEqual(['DataFile']));

  test('qcow2 with extended L2 entries, which QEMU takes and Glance refuses', () =>
    expect(ids(create('l2', 'qcow2', 'extended_l2=on'))).toEqual(['UnknownFeatures']));

  test('qcow2 with LUKS inside, and LUKS', () => {
    const encrypted = (format: string, options: string): string =>
      encryptedDisk('-f', format, '-o', options, path(format === 'luks' ? 'luks' : 'crypt'), '10M');
    encrypted('qcow2', 'encrypt.format=luks,encrypt.key-secret=s,encrypt.iter-time=10');
    encrypted('luks', 'key-secret=s,iter-time=10');
    expect([ids('crypt'), ids('luks')]).toEqual([['Encrypted'], ['NotADisk']]);
  });

  test('vmdk in several files', () => {
    expect(ids(create('flat', 'vmdk', 'subformat=monolithicFlat'))).toEqual(['Descriptor']);
    expect(ids(create('split', 'vmdk', 'subformat=twoGbMaxExtentSparse'))).toEqual(['Descriptor']);
  });

  test.each([
    ['qcow', 'Version'],
    ['qed', 'NotADisk'],
    ['parallels', 'NotADisk'],
  ])('%s', (format, id) => expect(ids(create(`old-${format}`, format))).toEqual([id]));

  test('a fixed VHD is known by its end', () => {
    create('fixed', 'vpc', 'subformat=fixed');
    const content = readFileSync(path('fixed'));
    expect(inspectEnd(content, endOf(content), inspect('fixed'))).toEqual({
      problems: [],
      fixedVhd: content.length - 512,
    });
  });
});
