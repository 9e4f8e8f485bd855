import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {run} from '../../src/run.ts';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import type {FakeCloud, FakeCloudOptions} from '../fakes/fake-cloud.ts';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {fakeIo} from './fake-io.ts';

/** One event of `--json`, as far as these tests look at it. */
export interface Line {
  readonly type: string;
  readonly code?: string;
  readonly message?: string;
  readonly detail?: string;
  readonly hint?: string;
  readonly image?: string;
  readonly action?: {readonly kind: string; readonly version?: string; readonly definition: string};
  readonly actions?: readonly {readonly kind: string; readonly version?: string}[];
  readonly images?: readonly {readonly name: string}[];
  readonly phase?: string;
  readonly error?: VerdictRecord;
  readonly counts?: Readonly<Record<string, number>>;
}

/** An error as the operator is told it. */
export interface VerdictRecord {
  readonly code: string;
  readonly message: string;
  readonly place?: string;
  readonly hint?: string;
  readonly problems?: readonly {
    readonly message: string;
    readonly hint?: string;
    readonly place: {readonly file: string; readonly line: number};
  }[];
}

export interface Ran {
  readonly code: number;
  readonly lines: readonly Line[];
  readonly done: readonly string[];
  readonly errors: readonly VerdictRecord[];
  readonly warnings: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  readonly text: string;
}

/** What a command line printed. */
export interface Printed {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** An operator's desk: a fake cloud, a source, a folder with clouds.yaml and definitions. */
export interface Desk {
  readonly cloud: FakeCloud;
  readonly upstream: Upstream;
  readonly folder: string;
  /** Runs the command line in this process, `--json` added; nothing is verified unless --verify is given. */
  imgmgr(...argv: readonly string[]): Promise<Ran>;
  /** Runs the command line as it stands, in whatever format, and gives its two outputs. */
  print(...argv: readonly string[]): Promise<Printed>;
  /** Writes images.yml and returns its path. */
  write(text: string): Promise<string>;
  writeClouds(text: string): Promise<void>;
  close(): Promise<void>;
}

/** `more`: variables besides the usual ones. */
export async function openDesk(
  options: FakeCloudOptions = {},
  more: Readonly<Record<string, string>> = {},
): Promise<Desk> {
  const [cloud, upstream, folder] = await Promise.all([
    startFakeCloud(options),
    startUpstream(),
    mkdtemp(join(tmpdir(), 'imgmgr-desk-')),
  ]);
  const clouds = join(folder, 'clouds.yaml');
  await writeFile(clouds, cloud.cloudsYaml());
  const env = (): Readonly<Record<string, string | undefined>> => ({
    HOME: folder,
    PATH: process.env['PATH'],
    OS_CLIENT_CONFIG_FILE: clouds,
    IMGMGR_LOCAL: join(folder, 'local'),
    IMGMGR_BUILD_DIR: join(folder, 'work'),
    XDG_STATE_HOME: join(folder, 'state'),
    ...more,
  });
  return {
    cloud,
    upstream,
    folder,
    async imgmgr(...argv) {
      const io = fakeIo();
      const code = await run([...withoutVerification(argv), '--json'], io, env());
      return readRun(code, io.out(), io.err());
    },
    async print(...argv) {
      const io = fakeIo();
      const code = await run(withoutVerification(argv), io, env());
      return {code, out: io.out(), err: io.err()};
    },
    async write(text) {
      const path = join(folder, 'images.yml');
      await writeFile(path, text);
      return path;
    },
    async writeClouds(text) {
      await writeFile(clouds, text);
    },
    async close() {
      await Promise.all([cloud.close(), upstream.close()]);
      await rm(folder, {recursive: true, force: true});
    },
  };
}

/** Booting is a matter of its own tests; everything else is the same without it. */
export function withoutVerification(argv: readonly string[]): readonly string[] {
  const acquires = ['manage', 'import', 'dry-run'].includes(argv[0] ?? '');
  return acquires && !argv.some((flag) => /^--(?:no-|re)?verify$/.test(flag)) ? [...argv, '--no-verify'] : argv;
}

function readRun(code: number, out: string, err: string): Ran {
  const lines = out.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
  return {
    code,
    lines,
    done: lines.flatMap(({type, action}) =>
      type === 'action-done' && action ? [`${action.kind} ${action.version ?? ''}`.trim()] : [],
    ),
    errors: lines.flatMap(({error}) => (error ? [error] : [])),
    warnings: lines.flatMap(({type, code: warning}) => (type === 'warning' && warning !== undefined ? [warning] : [])),
    counts: lines.find(({type}) => type === 'finished')?.counts ?? {},
    text: out + err,
  };
}

/** One definition named X as YAML; `versions` are lines of the list. */
export function yaml(
  versions: readonly string[],
  changes: Readonly<Record<string, string>> = {},
  meta: Readonly<Record<string, string>> = {},
): string {
  const fields = {
    name: 'X',
    format: 'raw',
    login: 'debian',
    min_disk: '1',
    min_ram: '64',
    status: 'active',
    visibility: 'public',
    multi: 'true',
    tags: '[T]',
    ...changes,
  };
  const properties = {
    architecture: 'x86_64',
    os_distro: 'debian',
    os_version: "'12'",
    os_purpose: 'generic',
    uuid_validity: 'last-3',
    ...meta,
  };
  const head = Object.entries(fields).map(([key, value], index) => `${index === 0 ? '  - ' : '    '}${key}: ${value}`);
  const described = Object.entries(properties).map(([key, value]) => `      ${key}: ${value}`);
  return [
    'images:',
    ...head,
    '    meta:',
    ...described,
    versions.length === 0 ? '    versions: []' : '    versions:',
    ...versions.map((line) => `      ${line}`),
    '',
  ].join('\n');
}

/** One listed version. */
export function listed(version: string, url: string, extra: Readonly<Record<string, string>> = {}): string {
  const more = Object.entries({build_date: '2026-01-02', ...extra}).map(([key, value]) => `, ${key}: '${value}'`);
  return `- {version: '${version}', url: '${url}'${more.join('')}}`;
}
