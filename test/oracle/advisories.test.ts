import {execFileSync} from 'node:child_process';
import {existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {pathToFileURL} from 'node:url';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import type {JudgeSourceRequest} from '../../src/ports/image-converter.ts';
import type {ImgmgrError} from '../../src/errors.ts';
import type {Exec} from '../../src/exec.ts';
import {createExec} from '../../src/exec.ts';
import type {Confinement} from '../../src/host/confine.ts';
import {findConfinement} from '../../src/host/confine.ts';
import {createConverter} from '../../src/sources/create-converter.ts';
import {failure, readAll, request, source} from '../unit/sources/under-test.ts';
import {serve} from '../unit/sources/web-server.ts';

// One test per advisory, by its number, with files that the real tools made.
const GIB = 1024 ** 3;
const exec = createExec({PATH: process.env['PATH']});
let folder: string;
/** What no image may lead to. */
let secret: string;
let confinement: Confinement;

beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'imgmgr-advisories-')));
  secret = join(folder, 'secret');
  writeFileSync(secret, 'top secret'.padEnd(512, '.'));
  confinement = await findConfinement(exec.run);
  expect(confinement.kind).not.toBe('none');
});
afterAll(() => rmSync(folder, {recursive: true, force: true}));

const path = (name: string): string => join(folder, name);
const qemuImg = (...args: readonly string[]): string =>
  execFileSync('qemu-img', args, {cwd: folder, encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore']});

/** How a source that is a file here is refused, before a byte is given on. */
async function refusal(name: string, format: string): Promise<string> {
  const error = await failure(source().open(request(pathToFileURL(path(name)).href, {format})));
  expect(error.code).toBe('FORMAT_REFUSED');
  return error.message.replace(pathToFileURL(path(name)).href, 'it');
}

/** How its conversion is refused; `calls`: what qemu-img was called with. */
async function conversion(
  name: string,
  from: string,
): Promise<{readonly error?: ImgmgrError; readonly calls: readonly (readonly string[])[]; readonly result?: Buffer}> {
  const calls: (readonly string[])[] = [];
  const watching: Exec = {
    ...exec,
    run: async (command, args, options) => {
      if (args.includes('qemu-img')) calls.push(args);
      return exec.run(command, args, options);
    },
  };
  const order: JudgeSourceRequest = {from, limitMs: 60_000, signal: new AbortController().signal};
  const converting = createConverter({exec: watching, root: path('work')}).convert(
    (signal) => source().open(request(pathToFileURL(path(name)).href, {format: from, signal})),
    {...order, conversion: {to: from === 'raw' ? 'qcow2' : 'raw', compress: false}},
  );
  try {
    const {content} = await readAll(converting);
    return {calls, result: content};
  } catch (error) {
    return {calls, error: error as ImgmgrError};
  }
}

/** Runs qemu-img on a hostile file past our own inspection, as it would run if that had seen nothing. */
async function confined(
  args: readonly string[],
  {read, write = []}: {readonly read: readonly string[]; readonly write?: readonly string[]},
): Promise<{readonly exitCode: number; readonly stdout: string; readonly stderr: string}> {
  const wrapped = confinement.wrap({
    ...{command: 'qemu-img', args, read, write},
    limits: {memoryBytes: GIB, cpuSeconds: 60},
  });
  return exec.run(wrapped.command, wrapped.args, {cwd: folder});
}

/** Has qemu-img copy a disk that names another file: confined, it fails and writes nothing. */
async function expectNothingRead(name: string): Promise<void> {
  const target = path(`${name}-kept`);
  writeFileSync(target, '');
  const ran = await confined(['convert', '-f', 'qcow2', '-O', 'raw', path(name), target], {
    read: [path(name)],
    write: [target],
  });
  expect([ran.exitCode, ran.stdout, readFileSync(target, 'utf8')]).toEqual([1, '', '']);
  expect(ran.stderr).toMatch(/Permission denied|No such file/);
}

describe('files of the host', () => {
  it('CVE-2015-5163 (OSSA-2015-014): a qcow2 whose backing file is a file of the host', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, path('backed'));
    expect(await refusal('backed', 'qcow2')).toBe('it is qcow2 with a backing file');
    expect(await refusal('backed', 'raw')).toBe('it is qcow2 with a backing file');
    expect((await conversion('backed', 'qcow2')).calls).toEqual([]);
    // Unconfined it is disclosed, which shows that the file is as hostile as the advisory says; confined it is not.
    qemuImg('convert', '-O', 'raw', path('backed'), path('leaked'));
    expect(readFileSync(path('leaked'), 'utf8')).toContain('top secret');
    await expectNothingRead('backed');
  });

  it('CVE-2022-47951 (OSSA-2023-002): a VMDK descriptor whose flat extent is a file of the host', async () => {
    writeFileSync(
      path('flat.vmdk'),
      `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 1 FLAT "${secret}" 0\n`,
    );
    for (const format of ['vmdk', 'raw'])
      expect(await refusal('flat.vmdk', format)).toBe('it is a VMDK descriptor that names its data in other files');
    expect((await conversion('flat.vmdk', 'vmdk')).calls).toEqual([]);
    qemuImg('convert', '-O', 'raw', path('flat.vmdk'), path('leaked'));
    expect(readFileSync(path('leaked'), 'utf8')).toContain('top secret');
    const ran = await confined(['info', path('flat.vmdk')], {read: [path('flat.vmdk')]});
    expect([ran.exitCode, ran.stderr]).toEqual([1, expect.stringMatching(/Permission denied|No such file/)]);
  });

  it('CVE-2022-47951 (OSSA-2023-002): the same descriptor inside of a sparse VMDK, with and without a capacity', async () => {
    qemuImg('create', '-q', '-f', 'vmdk', path('sparse.vmdk'), '1M');
    const made = readFileSync(path('sparse.vmdk'));
    const text = `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 1 FLAT "${secret}" 0\n`;
    made.fill(0, 512, 512 + 20 * 512).write(text, 512);
    writeFileSync(path('planted.vmdk'), made);
    expect(await refusal('planted.vmdk', 'vmdk')).toContain(`createType='monolithicSparse' and 'streamOptimized'`);
    made.writeBigUInt64LE(0n, 12);
    writeFileSync(path('empty.vmdk'), made);
    expect(await refusal('empty.vmdk', 'vmdk')).toContain('capacity 0, whose data is in the files that it names');
    const ran = await confined(['info', path('empty.vmdk')], {read: [path('empty.vmdk')]});
    expect([ran.exitCode, ran.stdout]).toEqual([1, '']);
  });

  it('CVE-2024-32498 (OSSA-2024-001): a qcow2 whose data file is a file of the host', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${path('data')},data_file_raw=on`, path('outside'), '64k');
    for (const format of ['qcow2', 'raw'])
      expect(await refusal('outside', format)).toBe('it is qcow2 with an external data file');
    expect((await conversion('outside', 'qcow2')).calls).toEqual([]);
    writeFileSync(path('data'), 'top secret'.padEnd(65_536, '.'));
    qemuImg('convert', '-O', 'raw', path('outside'), path('leaked'));
    expect(readFileSync(path('leaked'), 'utf8')).toContain('top secret');
    // A look does not open the data file since 7.2.13 (CVE-2024-4467); whatever reads the disk does.
    await expectNothingRead('outside');
  });

  it('CVE-2024-32498 (OSSA-2024-001): a data file that only a header extension names', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${path('data2')}`, path('named'), '64k');
    const made = readFileSync(path('named'));
    // The feature bit goes, the name stays.
    made.writeUInt32BE(made.readUInt32BE(76) & ~4, 76);
    writeFileSync(path('named'), made);
    expect(await refusal('named', 'qcow2')).toBe('it is qcow2 that names an external data file');
  });

  it.each([
    ['qcow2', ['create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', '@'], 'it is qcow2 with a backing file'],
    ['vmdk', ['create', '-q', '-f', 'vmdk', '-o', 'subformat=monolithicFlat'], 'it is a VMDK descriptor that'],
  ])(
    'CVE-2024-40767 (OSSA-2024-002): "raw" that is really %s, which reads a file of the host',
    async (format, args, why) => {
      const made = path(`really-${format}`);
      qemuImg(...args.map((arg) => (arg === '@' ? secret : arg)), made, ...(format === 'vmdk' ? ['1M'] : []));
      expect(await refusal(`really-${format}`, 'raw')).toContain(why);
      // An honest one is none either under that name.
      qemuImg('create', '-q', '-f', format, path(`plain-${format}`), '1M');
      expect(await refusal(`plain-${format}`, 'raw')).toBe(`it is ${format}, but the definition says raw`);
    },
  );

  it('CVE-2024-44082: an image whose format nobody asserted is judged before qemu-img opens it', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, path('ironic'));
    for (const format of ['raw', 'ami', 'vhd', 'iso', 'qcow2']) {
      expect(await refusal('ironic', format)).toBe('it is qcow2 with a backing file');
      if (format === 'raw' || format === 'qcow2') expect((await conversion('ironic', format)).calls).toEqual([]);
    }
  });

  it('CVE-2026-24708 (OSSA-2026-002): qemu-img is told the format of every disk that it works on', async () => {
    writeFileSync(path('honest.raw'), '');
    truncateSync(path('honest.raw'), 4 * 1024 ** 2);
    execFileSync('sfdisk', ['-q', path('honest.raw')], {input: 'label: dos\n- - L -\n'});
    const {calls, error} = await conversion('honest.raw', 'raw');
    expect(error).toBeUndefined();
    const subcommands = calls.map((args) => args.slice(args.indexOf('qemu-img') + 1));
    expect(subcommands.map(([what]) => what)).toEqual(['info', 'check', 'measure', 'convert']);
    // The look alone finds the format by itself, confined: its answer must be what our inspection says.
    for (const [what, ...args] of subcommands)
      if (what !== 'info') expect(args).toEqual(expect.arrayContaining(['-f', 'raw']));
    // A guest that writes a qcow2 header onto its raw disk gains nothing from a resize that is told what it is.
    qemuImg('create', '-q', '-f', 'qcow2', '-F', 'raw', '-b', secret, path('guest'));
    expect(await refusal('guest', 'raw')).toBe('it is qcow2 with a backing file');
  });
});

describe('qemu-img itself', () => {
  it('CVE-2024-4467: a qcow2 whose data file is json:{…}', async () => {
    const victim = path('victim');
    writeFileSync(victim, 'unchanged');
    const name = JSON.stringify({driver: 'file', filename: victim});
    qemuImg('create', '-q', '-f', 'qcow2', '-o', `data_file=${path('harmless')}`, path('json'), '64k');
    const made = readFileSync(path('json'));
    rename(made, `json:${name}`);
    writeFileSync(path('json'), made);
    expect(made.includes('json:{')).toBe(true);
    for (const format of ['qcow2', 'raw'])
      expect(await refusal('json', format)).toBe('it is qcow2 with an external data file');
    expect((await conversion('json', 'qcow2')).calls).toEqual([]);
    await confined(['info', '--output=json', path('json')], {read: [path('json')]});
    await expectNothingRead('json');
    expect(readFileSync(victim, 'utf8')).toBe('unchanged');
  });

  it('CVE-2024-4467: the name of a file is never options: a file called json:{…} is read under a name of ours', async () => {
    const name = 'json:{"driver":"null-co"}';
    qemuImg('create', '-q', '-f', 'qcow2', path('plain'), '1M');
    writeFileSync(path(name), readFileSync(path('plain')));
    const {calls, error, result} = await conversion(name, 'qcow2');
    expect([error, result?.length]).toEqual([undefined, 1024 ** 2]);
    for (const args of calls) expect(args.slice(args.indexOf('qemu-img')).join(' ')).not.toContain('json:{');
  });

  it('CVE-2015-5162 (OSSA-2016-012): every call has limits of memory, time and output, and they end it', async () => {
    qemuImg('create', '-q', '-f', 'qcow2', path('limited'), '1M');
    const {calls} = await conversion('limited', 'qcow2');
    expect(calls.length).toBeGreaterThan(2);
    for (const args of calls) {
      const [limits, what] = [args.slice(0, args.indexOf('qemu-img')).join(' '), args[args.indexOf('qemu-img') + 1]];
      expect(limits).toMatch(/--(?:memory|as)=\d+/);
      expect(limits).toMatch(/--(?:output|fsize)=\d+/);
      // A conversion reads every byte: there the deadline of the image ends it.
      if (what !== 'convert') expect(limits).toMatch(/--cpu=\d+/);
    }
    const busy = confinement.wrap({
      ...{command: 'sh', args: ['-c', 'while :; do :; done'], read: []},
      limits: {cpuSeconds: 1},
    });
    expect((await exec.run(busy.command, busy.args, {cwd: folder})).exitCode).toBeGreaterThan(128);
    const greedy = confinement.wrap({
      ...{command: 'qemu-img', args: ['info', path('limited')], read: [path('limited')]},
      limits: {memoryBytes: 8 * 1024 ** 2},
    });
    const starved = await exec.run(greedy.command, greedy.args, {cwd: folder}).catch(() => ({exitCode: 127}));
    expect(starved.exitCode).not.toBe(0);
  });
});

describe('disks that are larger than they look', () => {
  it.each([
    ['CVE-2013-4463 (OSSA-2013-029)', 'a small qcow2 that claims 63 TiB', '63T'],
    ['CVE-2013-4469 (OSSA-2013-029)', 'one of a byte more than the limit, in whole sectors', '274877907456'],
    ['CVE-2013-2096', 'one of 1 TiB that nobody resized', '1T'],
  ])('%s: %s', async (_, __, size) => {
    qemuImg('create', '-q', '-f', 'qcow2', '-o', 'cluster_size=2M', path(`huge-${size}`), size);
    expect(await refusal(`huge-${size}`, 'qcow2')).toMatch(
      /it claims a disk of \d+ bytes, more than the limit of 274877906944/,
    );
    expect((await conversion(`huge-${size}`, 'qcow2')).calls).toEqual([]);
  });
});

describe('addresses', () => {
  it.each([
    'http://169.254.169.254/latest/meta-data',
    'http://2130706433/',
    'http://0x7f000001/',
    'http://0177.0.0.1/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:169.254.169.254]/',
    'http://10.0.0.1/',
    'file:///etc/passwd',
  ])('CVE-2026-34881 (OSSA-2026-004): a redirect to %s is not followed', async (location) => {
    const server = await serve((_, response) => response.writeHead(302, {Location: location}).end());
    const error = await failure(source().open(request(server.url)));
    expect([error.code, server.requests.length]).toEqual(['SOURCE_REFUSED', 1]);
  });
});

/** Puts another name into the header extension that names the data file. */
function rename(file: Buffer, name: string): void {
  for (let at = file.readUInt32BE(100); ;) {
    const [type, length] = [file.readUInt32BE(at), file.readUInt32BE(at + 4)];
    if (type === 0x44415441) {
      // What stands behind it goes: the end mark follows the new name.
      file.writeUInt32BE(name.length, at + 4);
      file.fill(0, at + 8, at + 4096).write(name, at + 8);
      return;
    }
    if (type === 0) throw new Error('the file names no data file');
    at += 8 + Math.ceil(length / 8) * 8;
  }
}

it('no test above left a file where it should not be', () => {
  expect(existsSync(join(folder, 'work')) ? execFileSync('ls', [path('work')], {encoding: 'utf8'}) : '').toBe('');
});
