import {execFile} from 'node:child_process';
import {randomUUID} from 'node:crypto';
import {mkdtemp, rm, stat} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import type {TestServer, TestServerHost} from '../../src/ports/test-server-host.ts';
import type {Datasource} from '../../src/core/job.ts';
import {realGuard} from '../unit/local/qemu/tools.ts';
import {createLocal} from '../../src/local/local-cloud.ts';
import {testImage} from '../unit/local/qemu/image.ts';

const ROOT = new URL('../..', import.meta.url).pathname;

/** Builds one of the guests of `examples/`; undefined, with the reason on stderr, where the packages cannot be had. */
export async function buildGuest(of: {
  readonly guest: 'tiny-guest' | 'tiny-root-guest';
  readonly out: string;
  readonly sabotage?: string;
  /** Nothing of an earlier build is used; `tiny-root-guest` only. */
  readonly anew?: true;
}): Promise<string | undefined> {
  const sabotage = of.sabotage === undefined ? [] : ['--sabotage', of.sabotage];
  const args = ['--uncompressed', ...(of.anew ? ['--anew'] : []), ...sabotage, of.out];
  try {
    await promisify(execFile)(join(ROOT, 'examples', of.guest, 'build.sh'), args);
    return of.out;
  } catch (error) {
    process.stderr.write(`not tested, since ${of.guest} cannot be built: ${String(error)}\n`);
    return undefined;
  }
}

/** A server with its host. */
export interface Booted {
  readonly host: TestServerHost;
  readonly server: TestServer;
  /** Waits until the console matches; throws with the console when it does not in time. */
  console(pattern: RegExp, limitMs?: number): Promise<string>;
}

/** Boots an image file, in a folder of its own that goes with the server, however the work ends. */
export async function withBooted<T>(
  of: {
    readonly file: string;
    readonly userData: string;
    readonly datasource?: Datasource;
    readonly properties?: Readonly<Record<string, string>>;
    readonly accelerator?: 'kvm' | 'tcg';
  },
  work: (booted: Booted) => Promise<T>,
): Promise<T> {
  const {file, userData, datasource = 'config-drive', properties = {}, accelerator} = of;
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-boot-'));
  const image = testImage({
    id: randomUUID(),
    diskFormat: 'qcow2',
    size: (await stat(file)).size,
    virtualSize: 2 ** 27,
    properties,
  });
  const {tests: host} = createLocal({
    dir,
    files: new Map([[image.id, file]]),
    images: realGuard(dir),
    ...(accelerator && {accelerator}),
  });
  try {
    const server = await host.start({
      name: 'imgmgr-test',
      stamp: {run: 'run', image: image.id, expires: '2026-01-01T00:00:00Z', holder: 'host boot 1 2'},
      image,
      place: await host.place({image}),
      datasource,
      userData: () => userData,
      signal: new AbortController().signal,
    });
    return await work({host, server, console: (pattern, limitMs) => consoleMatching({host, server, pattern, limitMs})});
  } finally {
    await host.close();
    await rm(dir, {recursive: true, force: true});
  }
}

async function consoleMatching(of: {
  readonly host: TestServerHost;
  readonly server: TestServer;
  readonly pattern: RegExp;
  readonly limitMs: number | undefined;
}): Promise<string> {
  const endMs = performance.now() + (of.limitMs ?? 240_000);
  for (;;) {
    const text = (await of.host.console(of.server)) ?? '';
    if (of.pattern.test(text)) return text;
    const look = await of.host.look(of.server);
    if (performance.now() > endMs || look.kind !== 'active')
      if (look.kind !== 'building')
        throw new Error(`${of.pattern.source} was not seen; ${JSON.stringify(look)}; the console says:\n${text}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
