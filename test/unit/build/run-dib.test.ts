import {readFileSync, statSync} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {DibRun} from '../../../src/build/run-dib.ts';
import {runDib} from '../../../src/build/run-dib.ts';
import {makeWorkFolder} from '../../../src/build/work-folder.ts';
import type {BuildProgress} from '../../../src/ports/image-builder.ts';
import {createExec} from '../../../src/exec.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {failure} from './failure.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();
const exec = createExec({PATH: process.env['PATH']});

/** Writes an empty image, as qemu-img does, and says that all is well. */
const GOOD = 'qemu-img create -q -f qcow2 "$9.qcow2" 1M; say "Build completed successfully"';
const SAY = 'say() { echo "2026-11-21 12:12:49.056 | $*"; }\n';

/** A run of a script instead of diskimage-builder; its argument `-o` is $9. */
async function prepare(
  script: string,
  change: Partial<DibRun> & {readonly timeoutSeconds?: number} = {},
): Promise<DibRun> {
  const command = join(folder.path(), 'disk-image-create');
  await writeFile(command, `#!/bin/bash\nset -- . . "$@"\n${SAY}${script}\n`, {mode: 0o755});
  const work = await makeWorkFolder(folder.path(), 'x');
  onTestFinished(work.leave);
  const {timeoutSeconds = 60, ...rest} = change;
  return {
    exec,
    images: createConverter({exec, root: join(folder.path(), 'judged')}),
    tool: {command, version: '1', elements: '/nonexistent'},
    spec: {elements: ['a'], environment: {}, packages: [], formats: ['qcow2'], compress: true, timeoutSeconds},
    machine: 'x86_64',
    folder: work,
    elementsPaths: [],
    imageCache: '/nonexistent',
    hostEnv: process.env,
    extraEnv: {},
    logPath: join(folder.path(), 'log'),
    signal: new AbortController().signal,
    progress: () => undefined,
    graceMs: 50,
    ...rest,
  };
}

describe('a build', () => {
  it('gives its files, the size of the disk, the manifests and its warnings', async () => {
    const script = `say "WARNING: not enough RAM"; say "WARNING: not enough RAM"; say "W: apt"; ${GOOD}`;
    const run = await prepare(script);
    const {outputs, manifests, warnings} = await runDib(run);
    const path = join(run.folder.out, 'image.qcow2');
    expect(outputs).toEqual([{format: 'qcow2', path, size: statSync(path).size, virtualSize: 1024 ** 2}]);
    expect(manifests).toBe(join(run.folder.out, 'image.d', 'dib-manifests'));
    expect(warnings).toEqual(['WARNING: not enough RAM', 'W: apt']);
  });

  it('has the rights of files from a umask of its own, works in its folder, and reads nothing', async () => {
    const before = process.umask(0o077);
    onTestFinished(() => void process.umask(before));
    const run = await prepare(`umask; pwd; cat; ${GOOD}`);
    await runDib(run);
    expect(readFileSync(run.logPath, 'utf8').split('\n').slice(0, 2)).toEqual(['0022', run.folder.path]);
  });

  it('tells each line with its phase and the time that is left', async () => {
    const reported: BuildProgress[] = [];
    const script = `say "dib-run-parts Running /x/root.d/08-debootstrap"; say "I: Retrieving"; ${GOOD}`;
    await runDib(await prepare(script, {progress: (progress) => reported.push(progress)}));
    expect(reported.map(({phase, line}) => [phase, line])).toEqual([
      ['preparing', undefined],
      ['root.d', 'dib-run-parts Running /x/root.d/08-debootstrap'],
      ['root.d', 'I: Retrieving'],
      ['root.d', 'Build completed successfully'],
    ]);
    expect(reported.every(({limitMs}) => limitMs === 60_000)).toBe(true);
  });

  it('writes both outputs to its log', async () => {
    const run = await prepare(`echo to stdout; echo to stderr >&2; ${GOOD}`);
    await runDib(run);
    const log = readFileSync(run.logPath, 'utf8').split('\n');
    expect(log).toEqual(expect.arrayContaining(['to stdout', 'to stderr']));
    expect(statSync(run.logPath).mode & 0o777).toBe(0o600);
  });
});

describe('what a build made', () => {
  it('S1: is judged by both guards, and qemu-img, which looks at it, is kept from other files', async () => {
    const calls: string[][] = [];
    const watched = {
      ...exec,
      run: (...[command, args, options]: Parameters<typeof exec.run>) => {
        if (args.includes('qemu-img') || command.includes('qemu')) calls.push([command, ...args]);
        return exec.run(command, args, options);
      },
    };
    const images = createConverter({exec: watched, root: join(folder.path(), 'judged')});
    await runDib(await prepare(GOOD, {exec: watched, images}));
    expect(calls).toHaveLength(1);
    const [call = []] = calls;
    expect(call.slice(0, 3)).toEqual(['setpriv', '--pdeathsig', 'KILL']);
    expect(call[3]).toMatch(/imgmgr-confine-|prlimit/);
    expect(call.slice(call.indexOf('qemu-img')).slice(0, 2)).toEqual(['qemu-img', 'info']);
  });
});

describe('a build that fails', () => {
  it('tells phase, exit code, cause, hook, log and the last 30 lines', async () => {
    const script = `say "dib-run-parts Running /x/install.d/50-own"
      for i in $(seq 50); do say "line $i"; done
      say "E: Unable to locate package http://u:geheim@m/x"; exit 7`;
    const run = await prepare(script);
    const error = await failure(runDib(run));
    expect([error.code, error.message]).toEqual([
      'BUILD_FAILED',
      'diskimage-builder failed in phase install.d (exit code 7)',
    ]);
    const [head, ...lines] = (error.hint ?? '').split('\n');
    expect(head).toContain('the mirror has no package');
    expect(head).toContain('it was at the hook install.d/50-own');
    expect(head).toContain(`the whole log: ${run.logPath}`);
    expect(lines).toHaveLength(30);
    expect(lines[0]).toBe('line 22');
    expect(error.hint).not.toContain('geheim');
  });

  it('has failed when it ends with 0 but does not say that it is done', async () => {
    const error = await failure(runDib(await prepare(GOOD.replace('say', ': '))));
    expect([error.code, error.message]).toEqual([
      'BUILD_FAILED',
      'diskimage-builder ended without saying that the build is complete',
    ]);
  });

  it('has failed when it only talks about success', async () => {
    const script = GOOD.replace('"Build', '"echo Build');
    expect((await failure(runDib(await prepare(script)))).code).toBe('BUILD_FAILED');
  });

  it.each([
    ['made no qcow2 file', 'true'],
    ['made no qcow2 file', ': >"$9.qcow2"'],
    ['image.qcow2 is raw, but the definition says qcow2', 'yes no image | head -c 4096 >"$9.qcow2"'],
    [
      'image.qcow2 ends after 100 bytes, within its header',
      'qemu-img create -q -f qcow2 "$9.qcow2" 1M; truncate -s 100 "$9.qcow2"',
    ],
    [
      'image.qcow2 is qcow2 with a backing file',
      'qemu-img create -q -f qcow2 -u -b /etc/hostname -F raw "$9.qcow2" 1M',
    ],
  ])('has failed when it %s', async (message, script) => {
    const error = await failure(runDib(await prepare(`${script}; say "Build completed successfully"`)));
    expect(error.code).toBe('BUILD_FAILED');
    expect(error.message).toContain(message);
    expect(error.hint).toContain('the whole log');
  });

  it('has failed when one of its formats is missing', async () => {
    const run = await prepare(GOOD);
    const error = await failure(runDib({...run, spec: {...run.spec, formats: ['qcow2', 'raw']}}));
    expect(error.message).toBe('diskimage-builder made no raw file');
  });

  it('has failed when it was killed', async () => {
    const error = await failure(runDib(await prepare('kill -9 $$')));
    expect(error.message).toBe('diskimage-builder failed in phase preparing (exit code 137)');
  });

  it('does not wait for what holds on to its output', async () => {
    const error = await failure(runDib(await prepare('setsid sleep 600 & echo $! >../pid; kill -9 $$')));
    expect(error.code).toBe('BUILD_FAILED');
    process.kill(Number(readFileSync(join(folder.path(), 'pid'), 'utf8')), 'SIGKILL');
  });
});

describe('a build that does not end', () => {
  it('is ended at its deadline, with the phase and the log', async () => {
    const run = await prepare('say "dib-run-parts Running /x/install.d/1"; sleep 600', {timeoutSeconds: 1});
    const error = await failure(runDib(run));
    expect([error.code, error.message]).toEqual([
      'TIMEOUT',
      'the build did not end within 1 s; it was in phase install.d',
    ]);
    expect(error.hint).toContain(run.logPath);
  });

  it('is killed when it is deaf', async () => {
    const run = await prepare("trap '' TERM; while :; do sleep 600; done", {timeoutSeconds: 1});
    expect((await failure(runDib(run))).code).toBe('TIMEOUT');
  });

  it('is ended by an interruption', async () => {
    const stop = new AbortController();
    const run = await prepare('say hello; sleep 600', {
      signal: stop.signal,
      progress: ({line}) => {
        if (line === 'hello') stop.abort();
      },
    });
    const error = await failure(runDib(run));
    expect([error.code, error.message]).toEqual(['INTERRUPTED', 'the build was interrupted in phase preparing']);
  });
});
