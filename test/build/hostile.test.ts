import {spawn, spawnSync} from 'node:child_process';
import {once} from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, onTestFinished} from 'vitest';
import {mountsBelow} from '../../src/build/mounts.ts';
import {runDib} from '../../src/build/run-dib.ts';
import {clearBuild, sweepBuilds} from '../../src/build/sweep.ts';
import {makeWorkFolder} from '../../src/build/work-folder.ts';
import type {Exec} from '../../src/exec.ts';
import {createExec} from '../../src/exec.ts';
import {ownProcess, processStat} from '../../src/host/process.ts';
import {temporaryName} from '../../src/host/temporary.ts';
import {createConverter} from '../../src/sources/create-converter.ts';
import {sweepWorkFolders} from '../../src/sources/convert/work-folder.ts';
import {hindrance} from './support/host.ts';

const OTHER = 65_534;
const exec = createExec(process.env);
const DEAD = JSON.stringify({...ownProcess(), startTime: '1', definition: 'x'});

/** A place for all users, as /var/tmp is one. */
let root = '';

beforeEach(() => {
  root = mkdtempSync('/var/tmp/imgmgr-test-hostile-');
  chmodSync(root, 0o1777);
});

afterEach(() => {
  for (const mount of mountsBelow(root)) run('umount', '--lazy', '--', mount);
  rmSync(root, {recursive: true, force: true});
});

function run(command: string, ...args: readonly string[]): string {
  const {status, stdout, stderr} = spawnSync(command, args, {encoding: 'utf8'});
  if (status !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** As the unprivileged user; `$0` is the folder. */
function asOther(script: string, folder: string): void {
  const {status, stderr} = spawnSync('/bin/sh', ['-c', script, folder], {uid: OTHER, gid: OTHER, encoding: 'utf8'});
  if (status !== 0) throw new Error(stderr);
}

function folder(name: string): string {
  return join(root, `imgmgr-build-${name}`);
}

/** A folder of ours whose build is dead. */
function deadBuild(name: string): string {
  mkdirSync(folder(name), {mode: 0o700});
  writeFileSync(join(folder(name), 'holder.json'), DEAD);
  return folder(name);
}

/** Everything in the folder, with kind and size. */
function stateOf(path: string): readonly string[] {
  const names = ['', ...readdirSync(path, {recursive: true, encoding: 'utf8'})];
  return names.map((name) => {
    const stats = lstatSync(join(path, name));
    return `${name} ${stats.mode} ${stats.uid} ${stats.size}`;
  });
}

async function begin(
  script: string,
  options: {readonly cwd?: string; readonly uid?: number; readonly env?: Readonly<Record<string, string>>},
): Promise<number> {
  const {env, ...rest} = options;
  const child = spawn('/bin/sh', ['-c', script], {...rest, env: {PATH: process.env['PATH'], ...env}, detached: true});
  const {pid} = child;
  if (pid === undefined) throw new Error('sh did not start');
  onTestFinished(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended.
    }
  });
  await once(child.stdout, 'data');
  return pid;
}

function lives(pid: number): boolean {
  return processStat(pid)?.dead === false;
}

/** Our exec, with something that happens once, just before the first call of the command. */
function before(command: string, happens: () => void): Exec {
  let done = false;
  const spied: Exec['run'] = (called, ...rest) => {
    if (called === command && !done) {
      done = true;
      happens();
    }
    return exec.run(called, ...rest);
  };
  return {...exec, run: spied};
}

describe.skipIf(hindrance() !== undefined)('S3: a sweep by root in a place for all users', () => {
  it.each([
    ['a dead holder', `printf '%s' '${DEAD}' >"$0/holder.json"`],
    ['a folder as holder', 'mkdir "$0/holder.json"'],
    ['a FIFO as holder', 'mkfifo "$0/holder.json"'],
    ['a link to a file of root as holder', 'ln -s /etc/shadow "$0/holder.json"'],
    ['a holder without end', 'truncate -s 1T "$0/holder.json"'],
    ['no holder', 'touch -d "2 hours ago" "$0"'],
  ])("leaves alone another user's folder with %s, warns once, and goes on", async (_, script) => {
    asOther(`umask 077; mkdir "$0" && ${script}`, folder('a'));
    const own = deadBuild('b');
    const was = stateOf(folder('a'));
    expect(await sweepBuilds(exec, root)).toEqual({
      removed: [own],
      left: [{folder: folder('a'), reason: `it is left alone: it belongs to another user (uid ${OTHER})`}],
    });
    expect(stateOf(folder('a'))).toEqual(was);
  });

  it.each<[string, (path: string) => void, string]>([
    ['a folder', (path) => mkdirSync(path), 'is a folder, not a regular file'],
    ['a FIFO', (path) => run('mkfifo', path), 'is a FIFO, not a regular file'],
    ['a device', (path) => run('mknod', path, 'c', '1', '5'), 'is a device, not a regular file'],
    ['a link', (path) => symlinkSync('/etc/passwd', path), 'is a symbolic link, not a regular file'],
    [
      'a file without end',
      (path) => {
        writeFileSync(path, '');
        truncateSync(path, 1024 ** 4);
      },
      'is larger than 65536 bytes',
    ],
  ])('leaves alone a folder of its own whose holder is %s, and goes on', async (_, make, problem) => {
    mkdirSync(folder('a'), {mode: 0o700});
    make(join(folder('a'), 'holder.json'));
    const own = deadBuild('b');
    expect(await sweepBuilds(exec, root)).toEqual({
      removed: [own],
      left: [{folder: folder('a'), reason: `it is left alone: its holder.json ${problem}`}],
    });
    expect(existsSync(folder('a'))).toBe(true);
  });

  it('leaves alone what others may look into, links, files, and where something else is mounted', async () => {
    chmodSync(deadBuild('open'), 0o755);
    const target = join(root, 'target');
    mkdirSync(target, {mode: 0o700});
    writeFileSync(join(target, 'holder.json'), DEAD);
    symlinkSync(target, folder('link'));
    writeFileSync(folder('file'), '');
    mkdirSync(folder('mount'), {mode: 0o700});
    run('mount', '--bind', target, folder('mount'));
    const {removed, left} = await sweepBuilds(exec, root);
    expect(removed).toEqual([]);
    expect(Object.fromEntries(left.map((each) => [each.folder, each.reason]))).toEqual({
      [folder('open')]: 'it is left alone: others may use it (mode 0755)',
      [folder('link')]: 'it is left alone: it is a symbolic link',
      [folder('file')]: 'it is left alone: it is no folder',
      [folder('mount')]: 'it is left alone: something else is mounted there',
    });
    expect(readdirSync(target)).toEqual(['holder.json']);
  });

  it('removes nothing where others may exchange what lies there', async () => {
    deadBuild('a');
    for (const [mode, uid] of [
      [0o777, 0],
      [0o755, OTHER],
    ] as const) {
      chmodSync(root, mode);
      chownSync(root, uid, 0);
      const {removed, left} = await sweepBuilds(exec, root);
      expect(removed).toEqual([]);
      expect(left[0]?.reason).toBe(`it is left alone: other users may exchange what lies in ${root}`);
    }
    expect(existsSync(join(folder('a'), 'holder.json'))).toBe(true);
  });

  it('warns of a flood of such folders in a few lines', async () => {
    asOther('for n in $(seq 100); do mkdir "$0$n"; done', folder('x'));
    const {left} = await sweepBuilds(exec, root);
    expect(left).toHaveLength(11);
    expect(left.at(-1)?.reason).toMatch(/\(and 89 more folders\)$/);
  });

  it.each(['umount', 'find'])(
    'follows no link that takes the place of the folder between the look and `%s`',
    async (command) => {
      const build = deadBuild('a');
      mkdirSync(join(build, 'tree'));
      run('mount', '-t', 'tmpfs', 'none', join(build, 'tree'));
      const victim = join(root, 'victim');
      mkdirSync(join(victim, 'tree'), {recursive: true, mode: 0o700});
      run('mount', '-t', 'tmpfs', 'none', join(victim, 'tree'));
      writeFileSync(join(victim, 'tree', 'precious'), '');
      writeFileSync(join(victim, 'precious'), '');
      const moved = join(root, 'moved');
      const exchanged = before(command, () => {
        renameSync(build, moved);
        symlinkSync(victim, build);
      });
      await sweepBuilds(exchanged, root);
      expect(lstatSync(build).isSymbolicLink()).toBe(true);
      expect(mountsBelow(victim)).toEqual([join(victim, 'tree')]);
      expect([existsSync(join(victim, 'precious')), existsSync(join(victim, 'tree', 'precious'))]).toEqual([
        true,
        true,
      ]);
    },
  );

  it('unmounts only the very mount that it has listed, not one that took its place', async () => {
    const build = deadBuild('a');
    mkdirSync(join(build, 'one'));
    mkdirSync(join(build, 'two'));
    run('mount', '-t', 'tmpfs', 'none', join(build, 'one'));
    run('mount', '-t', 'tmpfs', 'none', join(build, 'two'));
    const victim = join(root, 'victim');
    mkdirSync(victim);
    run('mount', '-t', 'tmpfs', 'none', victim);
    let unmounted = 0;
    // The first call is for `two`; before the look at `one` that becomes a link to a mount of somebody else.
    const spied: Exec['run'] = async (called, ...rest) => {
      if (called === 'umount' && unmounted++ === 0) {
        run('umount', join(build, 'one'));
        rmSync(join(build, 'one'), {recursive: true});
        symlinkSync(victim, join(build, 'one'));
      }
      return exec.run(called, ...rest);
    };
    expect((await sweepBuilds({...exec, run: spied}, root)).removed).toEqual([build]);
    expect(mountsBelow(victim)).toEqual([victim]);
  });

  it('detaches no loop device whose file is another than the one in the folder', async () => {
    const build = deadBuild('a');
    const file = join(build, 'image0.raw');
    writeFileSync(file, Buffer.alloc(1024 * 1024));
    const loop = run('losetup', '-f', '--show', file);
    onTestFinished(() => void run('sh', '-c', 'losetup -d "$0" 2>/dev/null || true', loop));
    const spied: Exec['run'] = async (called, args, ...rest) => {
      if (called === 'losetup' && args.includes('BACK-MAJ:MIN,BACK-INO'))
        return {exitCode: 0, stdout: '  7:0 4711\n', stderr: ''};
      if (called === 'losetup') throw new Error(`${called} ${args.join(' ')}`);
      return exec.run(called, args, ...rest);
    };
    expect((await sweepBuilds({...exec, run: spied}, root)).removed).toEqual([build]);
    expect(run('losetup', '-n', '-O', 'NAME', loop)).toBe(loop);
  });

  it('ends no process that only works in the folder, nor one of another user that names it', async () => {
    const build = deadBuild('a');
    const shell = await begin('echo ready; exec sleep 600', {cwd: build});
    const named = await begin('echo ready; exec sleep 600', {uid: OTHER, env: {TMP_DIR: join(build, 'tmp')}});
    const own = await begin('echo ready; exec sleep 600', {env: {TMP_DIR: join(build, 'tmp')}});
    expect((await sweepBuilds(exec, root)).removed).toEqual([build]);
    expect([shell, named, own].map(lives)).toEqual([true, true, false]);
  });

  it('ends a daemon of a build that has neither parent nor environment, and no other process of this host', async () => {
    const work = await makeWorkFolder(root, 'x');
    work.leave();
    const marker = join(root, 'daemon');
    const tool = join(root, 'disk-image-create');
    const script = `#!/bin/sh\n(cd "$TMP_DIR" && exec setsid env -i /bin/sh -c 'echo $$ >${marker}; exec sleep 600') >/dev/null 2>&1 </dev/null &\nwhile [ ! -s ${marker} ]; do sleep 0.01; done\nexit 1\n`;
    writeFileSync(tool, script, {mode: 0o755});
    const shell = await begin('echo ready; exec sleep 600', {cwd: work.path});
    const built = runDib({
      exec,
      images: createConverter({exec, root}),
      tool: {command: tool, version: '3', elements: root},
      folder: work,
      spec: {elements: [], environment: {}, packages: [], formats: ['qcow2'], compress: true, timeoutSeconds: 60},
      machine: 'x86_64',
      elementsPaths: [],
      imageCache: root,
      hostEnv: process.env,
      extraEnv: {},
      logPath: join(root, 'log'),
      progress: () => undefined,
      signal: new AbortController().signal,
    });
    await expect(built).rejects.toThrow('exit code 1');
    const daemon = Number(run('cat', marker));
    onTestFinished(() => void run('sh', '-c', 'kill -9 "$0" 2>/dev/null || true', String(daemon)));
    expect(lives(daemon)).toBe(true);
    expect(await clearBuild(exec, work.path)).toBeUndefined();
    expect([daemon, shell].map(lives)).toEqual([false, true]);
    expect(existsSync(work.path)).toBe(false);
  });

  it("leaves alone another user's conversion, a link to one, and one that others may write to", async () => {
    const name = temporaryName('imgmgr-convert-').replace(`.${process.pid}.`, '.999999999.');
    const place = (suffix: string): string => join(root, `${name}${suffix}`);
    asOther('umask 077; mkdir "$0"; touch "$0/precious"', place('a'));
    mkdirSync(place('b'), {mode: 0o700});
    chmodSync(place('b'), 0o777);
    mkdirSync(place('c'), {mode: 0o700});
    symlinkSync(place('b'), place('d'));
    await sweepWorkFolders(root);
    expect(readdirSync(root).sort()).toEqual(['a', 'b', 'd'].map((suffix) => `${name}${suffix}`));
    expect(existsSync(join(place('a'), 'precious'))).toBe(true);
  });

  it('removes what lies in the folder when only half of it is gone, and its holder last', async () => {
    const build = deadBuild('a');
    for (const name of ['a', 'b', 'zz']) mkdirSync(join(build, name));
    let seen: readonly string[] = [];
    const spied: Exec['run'] = async (called, ...rest) => {
      const result = await exec.run(called, ...rest);
      if (called === 'find') seen = readdirSync(build);
      return result;
    };
    expect((await sweepBuilds({...exec, run: spied}, root)).removed).toEqual([build]);
    expect(seen).toEqual(['holder.json']);
  });
});
