import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, readlink, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {execa} from 'execa';
import {describe, expect, it, onTestFinished} from 'vitest';
import {processStat} from '../../../src/host/process.ts';
import {endStrays, findStrays} from '../../../src/build/strays.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();
const STRAYS = new URL('../../../src/build/strays.ts', import.meta.url).href;

interface Start {
  readonly script: string;
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** A shell that says "ready" once its script has come so far. */
async function begin({script, cwd = '/', env = {}}: Start): Promise<ChildProcess & {readonly pid: number}> {
  const child = spawn('/bin/bash', ['-c', script], {cwd, env: {PATH: process.env['PATH'], ...env}, detached: true});
  const {pid} = child;
  if (pid === undefined) throw new Error('bash did not start');
  onTestFinished(() => {
    try {
      process.kill(-pid, 'SIGKILL');
    } catch {
      // It has ended, as it should.
    }
  });
  await once(child.stdout, 'data');
  return Object.assign(child, {pid});
}

function lives(pid: number): boolean {
  return processStat(pid)?.dead === false;
}

describe('what a build left running', () => {
  it('S3: is known by TMP_DIR; a working directory in the folder is no evidence', async () => {
    const work = join(folder.path(), 'work');
    await mkdir(join(work, 'tmp'), {recursive: true});
    const named = await begin({script: 'echo ready; read', env: {TMP_DIR: join(work, 'tmp')}});
    const inside = await begin({script: 'echo ready; read', cwd: join(work, 'tmp')});
    const beside = await begin({
      script: 'echo ready; read',
      cwd: folder.path(),
      env: {TMP_DIR: `${work}-2`, OTHER: work},
    });
    expect((await findStrays(work)).map(({pid}) => pid)).toEqual([named.pid]);
    expect(await endStrays(work)).toEqual([]);
    expect([named, inside, beside].map(({pid}) => lives(pid))).toEqual([false, true, true]);
  });

  it('S3: is not whatever lives in the UTS namespace that the folder names, where that is ours or none of it works there', async () => {
    const work = join(folder.path(), 'work');
    await mkdir(work);
    await writeFile(join(work, 'namespace'), `${await readlink('/proc/self/ns/uts')}\n`);
    await begin({script: 'echo ready; read', cwd: work});
    expect(await findStrays(work)).toEqual([]);
  });

  it.each(['FIFO', 'folder', 'link'])('S3: needs a regular file that names the namespace, not a %s', async (kind) => {
    const path = join(folder.path(), 'namespace');
    if (kind === 'FIFO') await execa('mkfifo', [path]);
    else if (kind === 'folder') await mkdir(path);
    else await symlink('/proc/self/environ', path);
    expect(await findStrays(folder.path())).toEqual([]);
  });

  it('is also what such a process started, without any sign of its own', async () => {
    const script = '(cd / && exec env -i /bin/bash -c "echo ready; read _ < <(sleep 600)") & wait';
    const parent = await begin({script, env: {TMP_DIR: folder.path()}});
    expect((await findStrays(folder.path())).length).toBeGreaterThan(1);
    expect(await endStrays(folder.path())).toEqual([]);
    expect(await findStrays(folder.path())).toEqual([]);
    expect(lives(parent.pid)).toBe(false);
  });

  it('that is deaf to SIGTERM is killed', async () => {
    const script = "trap '' TERM; echo ready; while :; do sleep 600; done";
    const deaf = await begin({script, env: {TMP_DIR: folder.path()}});
    expect(await endStrays(folder.path(), 50)).toEqual([]);
    expect(lives(deaf.pid)).toBe(false);
  });

  it('is never this process, nor one that it comes from', async () => {
    const script = `import {findStrays} from ${JSON.stringify(STRAYS)};
      console.log(JSON.stringify(await findStrays(${JSON.stringify(folder.path())})));`;
    const {stdout} = await execa(process.execPath, ['--input-type=module', '-e', script], {
      env: {TMP_DIR: folder.path()},
    });
    expect(stdout).toBe('[]');
  });
});
