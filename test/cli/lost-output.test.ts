import {execFileSync} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {ManageRequest} from '../../src/app/manage.ts';
import {manageInvocation} from '../../src/cli/commands/manage.ts';
import {execute} from '../../src/cli/execute.ts';
import type {Invocation} from '../../src/cli/invocation.ts';
import {ImgmgrError} from '../../src/errors.ts';
import {run} from '../../src/run.ts';
import {SecretRegistry} from '../../src/secrets/registry.ts';
import {listen} from '../fakes/listener.ts';
import {fakeIo} from './fake-io.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

const BIN = fileURLToPath(new URL('../../bin/imgmgr.ts', import.meta.url));

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

function environment(): Record<string, string> {
  return {
    HOME: table.folder,
    PATH: process.env['PATH'] ?? '',
    OS_CLIENT_CONFIG_FILE: join(table.folder, 'clouds.yaml'),
    XDG_STATE_HOME: table.folder,
    IMGMGR_BUILD_DIR: table.folder,
  };
}

/** Runs the command line as a process whose one output is /dev/full. */
async function withFull(output: 'stdout' | 'stderr', argv: readonly string[]) {
  const shell = `exec "$0" "$@" ${output === 'stdout' ? '>' : '2>'}/dev/full`;
  return execa('sh', ['-c', shell, process.execPath, BIN, ...argv], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    env: environment(),
  });
}

describe('R9: an output that cannot be written ends the run: cleaned up, exit 1, no stack', () => {
  it.each([
    ['stdout', '--json', 'stderr'],
    ['stderr', '--format=human', 'stdout'],
  ] as const)('%s with %s', async (output, format, other) => {
    const images = await table.write(table.x(['1']));
    const ran = await withFull(output, ['manage', '--cloud', 'admin', '--images', images, '--no-verify', format]);
    expect(ran.exitCode).toBe(1);
    expect(ran[other]).not.toMatch(/\n\s+at |node:/);
    if (output === 'stdout') expect(ran.stderr).toContain('stdout cannot be written: ENOSPC');
    // Neither a lease nor a candidate; what was published before the output was missed may be there.
    expect(table.show().filter((line) => line.includes('hidden'))).toEqual([]);
  });

  it('help and version, too', async () => {
    expect((await withFull('stdout', ['--version'])).exitCode).toBe(1);
    expect((await withFull('stdout', ['manage', '--help'])).exitCode).toBe(1);
  });

  it('in the middle of an import: candidate and lease go, and nothing is counted as imported', async () => {
    const io = fakeIo();
    const lost = new ImgmgrError('OUTPUT_LOST', 'stdout cannot be written: ENOSPC');
    table.cloud.misbehave('importNeverEnds');
    const images = await table.write(table.x(['1']));
    const ended = run(['manage', '--cloud', 'admin', '--images', images, '--no-verify', '--json'], io, environment());
    await expect.poll(() => io.out()).toContain('"phase":"importing"');
    io.lose(lost);
    expect([await ended, table.show()]).toEqual([1, []]);
    expect(io.out()).toMatch(/"type":"run-failed".*"code":"OUTPUT_LOST"/);
    expect(io.out()).toMatch(/"imported":0.*"exitCode":1/);
  });
});

describe('R9: what hangs on this host', () => {
  it('a run that has written nothing and does not end is left, with a word', async () => {
    const io = fakeIo();
    let hangs = (): void => undefined;
    const hanging = new Promise<void>((resolve) => {
      hangs = resolve;
    });
    const invocation: Invocation<ManageRequest> = {
      ...manageInvocation({}),
      load: () =>
        Promise.resolve(async function* () {
          hangs();
          await new Promise(() => undefined);
          yield* [];
        }),
    };
    const ended = execute(invocation, {io, env: {}, secrets: new SecretRegistry()});
    await hanging;
    io.send('SIGTERM');
    expect(await ended).toBe(143);
    expect(io.left).toEqual([143]);
    expect(io.err()).toContain('SIGTERM: the run did not end in time, leaving now; nothing is known to be left behind');
    expect(io.err()).not.toContain('SIGTERM again');
  });

  it('a file operation that never ends: the process says so and leaves with its exit code', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'imgmgr-fifo-'));
    const silent = await listen({handle: () => Promise.resolve()});
    try {
      const fifo = join(folder, 'hangs');
      execFileSync('mkfifo', [fifo]);
      const stub = join(folder, 'stub.mjs');
      await writeFile(stub, `import {readFile} from 'node:fs/promises'; void readFile(${JSON.stringify(fifo)});`);
      const misdeed = table.cloud.misbehave('neverAnswers', {times: Infinity, match: {path: '/v3/auth/tokens'}});
      const images = await table.write(table.x(['1']));
      const child = execa(
        process.execPath,
        ['--import', stub, BIN, 'manage', '--no-verify', '--cloud', 'admin', '--images', images],
        {reject: false, stdin: 'ignore', extendEnv: false, env: environment()},
      );
      await expect.poll(misdeed.happened).toBeGreaterThan(0);
      child.kill('SIGINT');
      const {exitCode, stderr} = await child;
      expect(exitCode).toBe(130);
      expect(stderr).toContain('a file system does not answer, so the process ends without waiting for it');
    } finally {
      await silent.close();
      await rm(folder, {recursive: true, force: true});
    }
  });

  it('a folder of state that never answers: the run is done without its history, and the process ends with its exit code', async () => {
    const fifo = join(table.folder, 'hangs');
    execFileSync('mkfifo', [fifo]);
    const stub = join(table.folder, 'stub.mjs');
    const stuck = `fs.statfs = () => fs.readFile(${JSON.stringify(fifo)})`;
    await writeFile(
      stub,
      `import fs from 'node:fs/promises'; import {syncBuiltinESMExports} from 'node:module'; ${stuck}; syncBuiltinESMExports();`,
    );
    const images = await table.write(table.x(['1']));
    const argv = ['manage', '--no-verify', '--cloud', 'admin', '--images', images];
    const {exitCode, stderr} = await execa(process.execPath, ['--import', stub, BIN, ...argv], {
      reject: false,
      stdin: 'ignore',
      extendEnv: false,
      env: environment(),
    });
    expect([exitCode, table.show()], stderr).toEqual([0, ['X | public | generic']]);
    expect(stderr).toMatch(/this run is not, or not wholly, in the history: .* does not answer/);
    expect(stderr).toContain('a file system does not answer, so the process ends without waiting for it');
  });
});
