import {mkdtempSync, existsSync, readFileSync, rmSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {text} from 'node:stream/consumers';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, onTestFinished, test} from 'vitest';
import {ImgmgrError} from '../../src/errors.ts';
import {createExec} from '../../src/exec.ts';

const exec = createExec({PATH: process.env['PATH'], OS_PASSWORD: 'secret', HOME: '/nonexistent'});

async function failure(promise: Promise<unknown>): Promise<ImgmgrError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}

/** A folder that goes with the test. */
function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'exec-'));
  onTestFinished(() => rmSync(folder, {recursive: true, force: true}));
  return folder;
}

/** A shell that starts a child of its own, notes both pids in a file, and waits. */
function family(folder: string): string {
  return `sleep 60 & echo "$$ $!" > ${folder}/pids.tmp; mv ${folder}/pids.tmp ${folder}/pids; wait`;
}

async function pidsOf(folder: string): Promise<readonly number[]> {
  while (!existsSync(join(folder, 'pids'))) await sleep(5);
  return readFileSync(join(folder, 'pids'), 'utf8').trim().split(' ').map(Number);
}

function lives(pid: number): boolean {
  try {
    return !readFileSync(`/proc/${pid}/stat`, 'utf8').includes(') Z ');
  } catch {
    return false;
  }
}

describe('run', () => {
  test('gives both outputs and the exit code, which is an answer and no error', async () => {
    const result = await exec.run('sh', ['-c', 'echo out; echo err >&2; exit 3']);
    expect(result).toEqual({exitCode: 3, stdout: 'out\n', stderr: 'err\n'});
  });

  test('hands no secret of our environment to the tool', async () => {
    const {stdout} = await exec.run('env', [], {env: {EXTRA: 'yes'}});
    const names = stdout
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(names.toSorted()).toEqual(['EXTRA', 'HOME', 'LC_ALL', 'PATH']);
  });

  test('feeds stdin to its end', async () => {
    const {stdout} = await exec.run('wc', ['-c'], {stdin: Readable.from([Buffer.alloc(300_000), Buffer.alloc(5)])});
    expect(stdout.trim()).toBe('300005');
  });

  test('a tool that ends before it has read everything is no error of the source', async () => {
    const endless = Readable.from(
      (function* () {
        for (;;) yield Buffer.alloc(65536);
      })(),
    );
    const {exitCode, stdout} = await exec.run('head', ['-c', '3'], {stdin: endless});
    expect([exitCode, stdout]).toEqual([0, '\0\0\0']);
    expect(endless.destroyed).toBe(true);
  });

  test('a source that breaks ends the tool with its own error', async () => {
    const broken = Readable.from(
      (async function* () {
        yield Buffer.from('x');
        await sleep(1);
        throw new ImgmgrError('SOURCE_UNAVAILABLE', 'broke off');
      })(),
    );
    expect((await failure(exec.run('cat', [], {stdin: broken}))).code).toBe('SOURCE_UNAVAILABLE');
  });

  test('gives all output to the log as it comes', async () => {
    const log: string[] = [];
    await exec.run('sh', ['-c', 'echo one; echo two >&2'], {log: (chunk) => log.push(chunk)});
    expect(log.join('').split('\n').toSorted()).toEqual(['', '', 'one', 'two'].slice(1));
  });

  test('names the package of a tool that is not installed', async () => {
    const error = await failure(createExec({PATH: '/nonexistent'}).run('xz', ['-dc']));
    expect([error.code, error.message]).toEqual(['UNSUPPORTED', 'xz is not installed']);
    expect(error.hint).toContain('apt install xz-utils');
  });

  test('kills the whole group when it is interrupted', async () => {
    const folder = makeFolder();
    const controller = new AbortController();
    const failed = failure(exec.run('sh', ['-c', family(folder)], {signal: controller.signal}));
    const pids = await pidsOf(folder);
    expect(pids.map(lives)).toEqual([true, true]);
    controller.abort();
    expect((await failed).code).toBe('INTERRUPTED');
    while (pids.some(lives)) await sleep(5);
  });

  test('kills with SIGKILL what does not obey SIGTERM', async () => {
    const folder = makeFolder();
    const controller = new AbortController();
    const failed = failure(
      exec.run('sh', ['-c', `trap '' TERM; ${family(folder)}; sleep 60`], {signal: controller.signal, graceMs: 20}),
    );
    const pids = await pidsOf(folder);
    controller.abort(new ImgmgrError('TIMEOUT', 'the import took too long'));
    expect((await failed).message).toBe('the import took too long');
    while (pids.some(lives)) await sleep(5);
  });

  test('ends a tool at its deadline, and says so', async () => {
    const error = await failure(exec.run('sleep', ['60'], {timeoutMs: 30}));
    expect([error.code, error.message]).toEqual(['TIMEOUT', 'sleep did not end within 0.03 s']);
  });

  test('does not wait for ever for what a tool left behind, when told so', async () => {
    const folder = makeFolder();
    const {exitCode, stdout} = await exec.run(
      'sh',
      ['-c', `${family(folder).replace('; wait', '')}; echo out; exit 3`],
      {
        lingerMs: 50,
      },
    );
    expect([exitCode, stdout]).toEqual([3, 'out\n']);
    while ((await pidsOf(folder)).some(lives)) await sleep(5);
  });

  test('leaves what has a session of its own alone, but waits no longer for its output', async () => {
    const folder = makeFolder();
    const script = `setsid sleep 600 & echo "$$ $!" > ${folder}/pids; kill -9 $$`;
    expect((await exec.run('sh', ['-c', script], {lingerMs: 50})).exitCode).toBe(137);
    const [, daemon = 0] = await pidsOf(folder);
    expect(lives(daemon)).toBe(true);
    process.kill(daemon, 'SIGKILL');
  });

  test('starts nothing when the signal was aborted before', async () => {
    const reason = new ImgmgrError('INTERRUPTED', 'stopped');
    expect(await failure(exec.run('sleep', ['60'], {signal: AbortSignal.abort(reason)}))).toBe(reason);
  });
});

describe('start', () => {
  test('streams stdout while the tool runs', async () => {
    const {stdout, finished} = exec.start('cat', [], {stdin: Readable.from([Buffer.from('a'), Buffer.from('b')])});
    expect(await text(stdout)).toBe('ab');
    expect((await finished).exitCode).toBe(0);
  });

  test('a reader of stdout learns why the tool was ended', async () => {
    const controller = new AbortController();
    const {stdout, finished} = exec.start('sleep', ['60'], {signal: controller.signal});
    const read = failure(text(stdout));
    controller.abort();
    expect((await read).code).toBe('INTERRUPTED');
    expect((await failure(finished)).code).toBe('INTERRUPTED');
  });
});
