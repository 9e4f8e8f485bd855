import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {once} from 'node:events';
import {mkdir} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {processStat} from '../../../src/host/holder.ts';
import {endStrays, findStrays} from '../../../src/build/strays.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();

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
  it('is known by its working directory, or by TMP_DIR', async () => {
    await mkdir(join(folder.path(), 'work', 'tmp'), {recursive: true});
    const work = join(folder.path(), 'work');
    const inside = await begin({script: 'echo ready; read', cwd: join(work, 'tmp')});
    const named = await begin({script: 'echo ready; read', env: {TMP_DIR: join(work, 'tmp')}});
    const beside = await begin({
      script: 'echo ready; read',
      cwd: folder.path(),
      env: {TMP_DIR: `${work}-2`, OTHER: work},
    });
    expect(
      findStrays(work)
        .map(({pid}) => pid)
        .toSorted(),
    ).toEqual([inside.pid, named.pid].toSorted());
    expect(await endStrays(work)).toEqual([]);
    expect([inside, named, beside].map(({pid}) => lives(pid))).toEqual([false, false, true]);
  });

  it('is also what such a process started, without any sign of its own', async () => {
    const script = '(cd / && exec env -i /bin/bash -c "echo ready; read _ < <(sleep 600)") & wait';
    const parent = await begin({script, cwd: folder.path()});
    expect(findStrays(folder.path()).length).toBeGreaterThan(1);
    expect(await endStrays(folder.path())).toEqual([]);
    expect(findStrays(folder.path())).toEqual([]);
    expect(lives(parent.pid)).toBe(false);
  });

  it('that is deaf to SIGTERM is killed', async () => {
    const deaf = await begin({script: "trap '' TERM; echo ready; while :; do sleep 600; done", cwd: folder.path()});
    expect(await endStrays(folder.path(), 50)).toEqual([]);
    expect(lives(deaf.pid)).toBe(false);
  });

  it('is never this process, nor one that it comes from', () => {
    const before = process.cwd();
    onTestFinished(() => process.chdir(before));
    process.chdir(folder.path());
    expect(findStrays(folder.path())).toEqual([]);
  });
});
