import {mkdtemp, realpath, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {createExec} from '../../../src/exec.ts';
import type {ConfinedCall, Confinement, RunTool} from '../../../src/host/confine.ts';
import {findConfinement, launcherPath} from '../../../src/host/confine.ts';

const exec = createExec({PATH: process.env['PATH']});
let folder: string;

beforeEach(async () => {
  folder = await realpath(await mkdtemp(join(tmpdir(), 'imgmgr-confine-test-')));
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
});

async function run(confinement: Confinement, call: ConfinedCall) {
  const {command, args} = confinement.wrap(call);
  return exec.run(command, args, {cwd: folder});
}

/** Hosts where only the named tools work. */
function host(...working: readonly string[]): RunTool {
  return (command, args) =>
    Promise.resolve({exitCode: working.some((tool) => [command, ...args].includes(tool)) ? 0 : 1});
}

const CALL = {command: 'qemu-img', args: ['info', 'x'], read: ['/r'], write: ['/w'], devices: ['/dev/kvm']};

describe('S1: the confinement of tools', () => {
  it('is Landlock on this host, by the launcher that the build made', async () => {
    expect((await findConfinement(exec.run)).kind).toBe('landlock');
  });

  it('is Landlock where the launcher works', async () => {
    const found = await findConfinement(host(launcherPath(), 'bwrap'));
    expect(found.kind).toBe('landlock');
    expect(found.wrap({...CALL, limits: {memoryBytes: 1, cpuSeconds: 2, outputBytes: 3}})).toEqual({
      command: launcherPath(),
      args: [
        ...['--read', '/r', '--write', '/w', '--device', '/dev/kvm', '--memory=1', '--cpu=2', '--output=3'],
        ...['--', 'qemu-img', 'info', 'x'],
      ],
    });
    expect(found.wrap({...CALL, network: true}).args).toContain('--network');
  });

  it('is bubblewrap where the kernel has no Landlock, without a network unless one is given', async () => {
    const found = await findConfinement(host('bwrap'));
    expect(found.kind).toBe('bubblewrap');
    const {command, args} = found.wrap({...CALL, limits: {memoryBytes: 1}});
    const line = [command, ...args].join(' ');
    expect(line).toMatch(/^prlimit --as=1 --core=0 bwrap --unshare-all --die-with-parent --ro-bind \/usr \/usr /);
    expect(line).toMatch(/ --ro-bind \/r \/r --bind \/w \/w --dev-bind \/dev\/kvm \/dev\/kvm -- qemu-img info x$/);
    expect(found.wrap({...CALL, network: true}).args).toContain('--share-net');
  });

  it('is none, with limits only, where there is neither; a launcher that is missing is no error', async () => {
    const missing: RunTool = () => Promise.reject(new Error('not installed'));
    for (const tools of [host(), missing]) {
      const found = await findConfinement(tools);
      expect(found.kind).toBe('none');
      expect(found.wrap({...CALL, limits: {cpuSeconds: 2, outputBytes: 3}})).toEqual({
        command: 'prlimit',
        args: ['--cpu=2', '--fsize=3', '--core=0', 'qemu-img', 'info', 'x'],
      });
    }
  });
});

describe('S1: a confined tool', () => {
  it('cannot read what it was not given', async () => {
    const confinement = await findConfinement(exec.run);
    const given = join(folder, 'given');
    await writeFile(given, 'content');
    const read = await run(confinement, {command: 'cat', args: [given], read: [given]});
    expect([read.exitCode, read.stdout]).toEqual([0, 'content']);
    for (const path of ['/etc/hostname', '/etc/passwd', join(folder, 'other')]) {
      await writeFile(join(folder, 'other'), 'secret');
      const refused = await run(confinement, {command: 'cat', args: [path], read: [given]});
      expect([refused.exitCode, refused.stdout]).toEqual([1, '']);
      expect(refused.stderr).toContain('Permission denied');
    }
  });

  it('cannot read the extent of a hostile VMDK, where no inspector stands before it', async () => {
    const confinement = await findConfinement(exec.run);
    const secret = join(folder, 'secret');
    await writeFile(secret, 'top secret'.padEnd(512));
    const disk = join(folder, 'disk.vmdk');
    await writeFile(
      disk,
      `# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\nRW 1 FLAT "${secret}" 0\n`,
    );
    const out = join(folder, 'out');
    const args = ['convert', '-O', 'raw', disk, out];
    // Without the confinement it is read: that is the fault which this guards against.
    expect((await exec.run('qemu-img', args)).exitCode).toBe(0);
    await writeFile(out, '');
    for (const look of [['info', disk], args]) {
      const refused = await run(confinement, {command: 'qemu-img', args: look, read: [disk], write: [out]});
      expect(refused.exitCode).not.toBe(0);
      expect(refused.stderr).toMatch(/secret.*Permission denied/);
    }
  });

  it('converts what it was given', async () => {
    const confinement = await findConfinement(exec.run);
    const [disk, out] = [join(folder, 'disk.qcow2'), join(folder, 'out.raw')];
    expect((await exec.run('qemu-img', ['create', '-q', '-f', 'qcow2', disk, '1M'])).exitCode).toBe(0);
    await writeFile(out, '');
    const args = ['convert', '-f', 'qcow2', '-O', 'raw', disk, out];
    const ran = await run(confinement, {command: 'qemu-img', args, read: [disk], write: [out]});
    expect([ran.exitCode, ran.stderr]).toEqual([0, '']);
  });

  it('keeps its own exit code', async () => {
    const confinement = await findConfinement(exec.run);
    expect((await run(confinement, {command: 'sh', args: ['-c', 'exit 7'], read: []})).exitCode).toBe(7);
  });
});
