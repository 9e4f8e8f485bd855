import {readFileSync, readdirSync} from 'node:fs';
import {dirname, join, normalize, relative} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';

/** A source file with what it imports: `src/…` paths for our own, names for packages and `node:` modules. */
interface SourceFile {
  readonly path: string;
  readonly text: string;
}

/** What a room (a folder or file under src) may import. */
interface Room {
  /** Rooms, or single files of them. */
  readonly rooms: readonly string[];
  readonly packages: readonly string[];
  /** `node:` modules. `types`: only node:stream, and only its types. `names`: node:path and node:url, which look at no file. */
  readonly node: 'all' | 'types' | 'names' | 'none';
}

/** What only compose may import: it alone constructs adapters. */
const ADAPTERS = ['openstack', 'local', 'sources', 'finders', 'build', 'verify', 'history', 'metrics', 'webhook'];

const ADAPTER = {rooms: ['core', 'ports', 'host', 'http.ts', 'exec.ts', 'secrets', 'errors.ts'], node: 'all'} as const;

const ROOMS: Readonly<Record<string, Room>> = {
  'errors.ts': {rooms: [], packages: [], node: 'none'},
  'version.ts': {rooms: [], packages: [], node: 'none'},
  secrets: {rooms: [], packages: [], node: 'all'},
  'http.ts': {rooms: ['core', 'errors.ts', 'http', 'secrets'], packages: ['axios', 'p-retry'], node: 'all'},
  http: {rooms: ['core', 'errors.ts', 'http.ts', 'secrets'], packages: ['axios'], node: 'all'},
  'exec.ts': {rooms: ['errors.ts'], packages: ['execa'], node: 'all'},
  core: {rooms: ['errors.ts'], packages: ['zod'], node: 'none'},
  config: {rooms: ['core', 'host', 'errors.ts'], packages: ['js-yaml', 'zod'], node: 'all'},
  host: {rooms: ['errors.ts'], packages: [], node: 'all'},
  ports: {rooms: ['core', 'errors.ts'], packages: [], node: 'types'},
  openstack: {...ADAPTER, packages: ['zod']},
  local: {...ADAPTER, packages: ['zod']},
  sources: {...ADAPTER, packages: ['zod']},
  finders: {...ADAPTER, packages: []},
  build: {...ADAPTER, packages: []},
  verify: {...ADAPTER, packages: ['@grpc/grpc-js', '@grpc/proto-loader']},
  history: {...ADAPTER, packages: []},
  metrics: {...ADAPTER, packages: []},
  webhook: {...ADAPTER, packages: []},
  workflow: {rooms: ['core', 'ports', 'errors.ts'], packages: [], node: 'types'},
  app: {rooms: ['core', 'ports', 'workflow', 'errors.ts'], packages: [], node: 'names'},
  report: {rooms: ['core', 'errors.ts'], packages: ['chalk', 'ora'], node: 'all'},
  compose: {
    rooms: [...ADAPTER.rooms, ...ADAPTERS, 'http/proxy.ts', 'app', 'config', 'workflow', 'version.ts'],
    packages: [],
    node: 'all',
  },
  cli: {
    rooms: [
      'server',
      'app',
      'core',
      'compose',
      'config',
      'host/fs-error.ts',
      'ports',
      'workflow',
      'report',
      'secrets',
      'errors.ts',
      'version.ts',
    ],
    packages: ['commander'],
    node: 'all',
  },
  server: {
    rooms: [
      ...['app', 'core', 'compose', 'config', 'host', 'ports', 'secrets', 'workflow', 'errors.ts', 'version.ts'],
      ...['api/backend.ts', 'api/server.ts'],
    ],
    packages: ['zod'],
    node: 'all',
  },
  api: {
    rooms: ['core', 'host/listen.ts', 'server/contract', 'server/errors.ts', 'errors.ts'],
    packages: ['@grpc/grpc-js', '@grpc/proto-loader'],
    node: 'all',
  },
  'run.ts': {rooms: ['cli', 'core', 'report', 'secrets', 'errors.ts', 'version.ts'], packages: [], node: 'none'},
};

/** The one module of compose that others import. */
const DOOR_OF_COMPOSE = 'src/compose/context.ts';

/** One owner for each library: a file, or a folder. */
const OWNERS: Readonly<Record<string, readonly string[]>> = {
  axios: ['src/http.ts', 'src/http/'],
  'p-retry': ['src/http.ts'],
  execa: ['src/exec.ts'],
  'js-yaml': ['src/config/yaml'],
  chalk: ['src/report/'],
  ora: ['src/report/'],
  commander: ['src/cli/'],
  '@grpc/grpc-js': ['src/verify/', 'src/api/'],
  '@grpc/proto-loader': ['src/verify/', 'src/api/'],
  zod: ['src/core/', 'src/config/', 'src/openstack/', 'src/local/', 'src/server/', 'src/sources/'],
};

/** What must not happen in a room, whatever is imported. */
const FORBIDDEN: Readonly<Record<string, readonly (readonly [RegExp, string])[]>> = {
  core: [
    [/\bprocess\./, 'reads the process'],
    [/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, 'reads the clock'],
    [/\bMath\.random\(|\brandomUUID\(/, 'rolls dice'],
    [/\bfetch\(/, 'uses the network'],
  ],
  workflow: [
    [/\bprocess\./, 'reads the process'],
    [/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, 'reads the clock'],
    [/\bconsole\./, 'prints'],
  ],
  app: [
    [/\bprocess\./, 'reads the process'],
    [/\bDate\.now\(|\bnew Date\(\)|\bperformance\./, 'reads the clock'],
    [/\brandomUUID\(/, 'rolls dice'],
    [/\bconsole\./, 'prints'],
    [/\bcommand\s*[!=]==/, 'asks which command it is'],
  ],
  cli: [[/\bcommand\s*===\s*'(?!dry-run')/, 'asks which command it is']],
  compose: [[/\bprocess\.(env|cwd|argv|getuid)\b|\bhomedir\b/, 'reads the process']],
};

/** What must not happen in any room: a process may have other work than ours. */
const EVERYWHERE: readonly (readonly [RegExp, string])[] = [
  [/\bsetFlagsFromString\b|--expose-gc/, 'sets a flag of V8 at run time'],
];

/** Files of less than 20 lines that one other file alone uses, and why they are not a part of it. */
const SMALL: Readonly<Record<string, string>> = {
  'src/core/build/patchlevel.ts': 'a rule about packages, which their one user, an adapter, is handed by the core',
  'src/core/format/filesystem.ts': 'one mark of each file system, beside the formats',
  'src/finders/build.ts': 'each kind of finder has its file',
  'src/host/probe-port.ts': 'compose, which uses it, opens no connections',
  'src/http/headers.ts': 'its user, line.ts, would have more than 300 lines with it',
};

/** The files of {@link SMALL}, as they are found. */
function smallFiles(files: readonly SourceFile[]): string[] {
  const users = (path: string): number => files.filter((file) => importsOf(file).includes(path)).length;
  const isSmall = ({text}: SourceFile): boolean => text.trimEnd().split('\n').length < 20;
  return files
    .filter((file) => file.path.startsWith('src/') && isSmall(file) && users(file.path) === 1)
    .map(({path}) => path)
    .sort();
}

/** Every broken rule, as `file: what is wrong`. */
function violations(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    const found = [...importViolations(file), ...forbiddenDeeds(file)];
    return found.map((what) => `${file.path}: ${what}`);
  });
}

function importViolations(file: SourceFile): string[] {
  const room = roomOf(file.path);
  const rules = ROOMS[room];
  if (file.path.startsWith('bin/'))
    return importsOf(file)
      .filter((to) => to !== 'src/run.ts' && to !== 'src/cli/io.ts')
      .map((to) => `imports ${to}`);
  if (!rules) return [`stands in a room that nobody knows (${room})`];
  return importsOf(file).flatMap((to) => {
    if (to === 'package.json') return file.path === 'src/version.ts' ? [] : ['imports package.json'];
    if (to.startsWith('node:')) return nodeViolation(to, rules, file);
    if (!to.startsWith('src/')) return packageViolation(to, rules, file);
    const target = roomOf(to);
    if (target === room) return [];
    if (target === 'compose' && to !== DOOR_OF_COMPOSE) return [`imports ${to}, a part of compose`];
    if (ADAPTERS.includes(target) && room !== 'compose') return [`uses an adapter (${to})`];
    const ways = [target, dirname(to).replace('src/', ''), to.replace('src/', '')];
    return ways.some((one) => rules.rooms.includes(one)) ? [] : [`imports ${to}`];
  });
}

function nodeViolation(to: string, rules: Room, {text}: SourceFile): string[] {
  if (rules.node === 'all') return [];
  if (rules.node === 'names') return ['node:path', 'node:url'].includes(to) ? [] : [`imports ${to}`];
  const isType = rules.node === 'types' && to === 'node:stream' && !/import \{[^}]*\} from 'node:stream'/.test(text);
  return isType ? [] : [`imports ${to}`];
}

function packageViolation(to: string, rules: Room, {path}: SourceFile): string[] {
  const owners = OWNERS[to];
  if (!owners) return [`imports ${to}, a package without an owner`];
  if (!owners.some((owner) => path.startsWith(owner))) return [`imports ${to}, which belongs to ${owners.join(', ')}`];
  return rules.packages.includes(to) ? [] : [`imports ${to}`];
}

function forbiddenDeeds({path, text}: SourceFile): string[] {
  const code = text.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
  return [...EVERYWHERE, ...(FORBIDDEN[roomOf(path)] ?? [])]
    .filter(([pattern]) => pattern.test(code))
    .map(([, deed]) => deed);
}

/** `src/core/rules/x.ts` → `core`; `src/http.ts` → `http.ts`. */
function roomOf(path: string): string {
  return path.split('/')[1] ?? path;
}

/** Static, type and dynamic imports and re-exports. */
function importsOf({path, text}: SourceFile): string[] {
  const code = text.replace(/^\s*(\*|\/\/|\/\*).*$/gm, '');
  const pattern = /(?:\bfrom\s*|\bimport\s*\(\s*|\bimport\s+)'([^']+)'/g;
  return [...code.matchAll(pattern)].map(([, to = '']) =>
    to.startsWith('.') ? normalize(join(dirname(path), to)) : to,
  );
}

/** The circles of imports, type-only ones included, each as the shortest way from its first file by name back to it. */
function circles(files: readonly SourceFile[]): string[] {
  const imports = new Map(files.map((file) => [file.path, importsOf(file)]));
  const found: string[] = [];
  const known = new Set<string>();
  for (const path of [...imports.keys()].sort()) {
    const way = known.has(path) ? undefined : wayBack(path, imports);
    if (!way) continue;
    found.push([...way, path].join(' → '));
    for (const one of way) known.add(one);
  }
  return found;
}

/** The shortest way along imports from a file to itself; undefined where there is none. */
function wayBack(path: string, imports: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const seen = new Set<string>();
  const ways: string[][] = [[path]];
  for (let way = ways.shift(); way; way = ways.shift())
    for (const to of imports.get(way.at(-1) ?? '') ?? []) {
      if (to === path) return way;
      if (seen.has(to)) continue;
      seen.add(to);
      ways.push([...way, to]);
    }
  return undefined;
}

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

function sourceFiles(): SourceFile[] {
  return ['src', 'bin'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile() && entry.name.endsWith('.ts'))
      .map((entry) => join(entry.parentPath, entry.name))
      .map((path) => ({path: relative(ROOT, path), text: readFileSync(path, 'utf8')})),
  );
}

describe('the architecture', () => {
  it('holds: directions, owners of libraries, purity', () => {
    const files = sourceFiles();
    expect(files.length).toBeGreaterThan(50);
    expect(violations(files)).toEqual([]);
  });

  it('has no circle of imports, type-only ones included', () => {
    expect(circles(sourceFiles())).toEqual([]);
  });

  it.each<[string, Record<string, string>, string[]]>([
    [
      'two files',
      {'src/core/a.ts': "import {b} from './b.ts';", 'src/core/b.ts': "import {a} from './a.ts';"},
      ['src/core/a.ts → src/core/b.ts → src/core/a.ts'],
    ],
    [
      'types alone',
      {'src/core/a.ts': "import type {B} from './b.ts';", 'src/core/b.ts': "export type {A} from './a.ts';"},
      ['src/core/a.ts → src/core/b.ts → src/core/a.ts'],
    ],
    [
      'an import that waits until it is called',
      {'src/app/a.ts': "await import('../workflow/b.ts');", 'src/workflow/b.ts': "type A = import('../app/a.ts').A;"},
      ['src/app/a.ts → src/workflow/b.ts → src/app/a.ts'],
    ],
    [
      'three files and one beside them',
      {
        'src/core/a.ts': "import {d} from './d.ts';\nimport {b} from './b.ts';",
        'src/core/b.ts': "import {c} from './c.ts';",
        'src/core/c.ts': "import {a} from './a.ts';",
        'src/core/d.ts': '',
      },
      ['src/core/a.ts → src/core/b.ts → src/core/c.ts → src/core/a.ts'],
    ],
    ['a file and itself', {'src/core/a.ts': "import {a} from './a.ts';"}, ['src/core/a.ts → src/core/a.ts']],
    [
      'no circle: two ways to one file',
      {
        'src/core/a.ts': "import {b} from './b.ts';\nimport {c} from './c.ts';",
        'src/core/b.ts': "import {c} from './c.ts';",
        'src/core/c.ts': '',
      },
      [],
    ],
  ])('finds circles: %s', (_, texts, found) => {
    expect(circles(Object.entries(texts).map(([path, text]) => ({path, text})))).toEqual(found);
  });

  it('has no room without a rule and no rule without a room, adapters of later features apart', () => {
    const rooms = new Set(
      sourceFiles()
        .map(({path}) => path)
        .filter((path) => path.startsWith('src/'))
        .map(roomOf),
    );
    expect([...rooms].sort()).toEqual(Object.keys(ROOMS).sort());
  });

  it.each<[string, string, string]>([
    ['src/core/plan/plan.ts', "import {readFile} from 'node:fs/promises';", 'imports node:fs/promises'],
    [
      'src/core/plan/plan.ts',
      "import type {ImageStore} from '../../ports/image-store.ts';",
      'imports src/ports/image-store.ts',
    ],
    ['src/core/rules/x.ts', "import {x} from '../../workflow/x.ts';", 'imports src/workflow/x.ts'],
    ['src/core/plan/plan.ts', 'const now = new Date();', 'reads the clock'],
    ['src/core/plan/plan.ts', 'const id = crypto.randomUUID();', 'rolls dice'],
    ['src/core/plan/plan.ts', "const home = process.env['HOME'];", 'reads the process'],
    [
      'src/workflow/x.ts',
      "import {createOpenStack} from '../openstack/cloud.ts';",
      'uses an adapter (src/openstack/cloud.ts)',
    ],
    ['src/workflow/x.ts', "import {createHttp} from '../http.ts';", 'imports src/http.ts'],
    ['src/workflow/x.ts', "import {Readable} from 'node:stream';", 'imports node:stream'],
    ['src/workflow/x.ts', 'console.log(1);', 'prints'],
    ['src/workflow/x.ts', 'const now = Date.now();', 'reads the clock'],
    ['src/openstack/x.ts', "import {y} from '../local/y.ts';", 'uses an adapter (src/local/y.ts)'],
    ['src/local/x.ts', "import {clean} from '../report/clean.ts';", 'imports src/report/clean.ts'],
    ['src/sources/x.ts', "import {x} from '../cli/io.ts';", 'imports src/cli/io.ts'],
    ['src/openstack/x.ts', "import axios from 'axios';", 'imports axios, which belongs to src/http.ts, src/http/'],
    ['src/cli/x.ts', "import ora from 'ora';", 'imports ora, which belongs to src/report/'],
    ['src/report/x.ts', "import {Command} from 'commander';", 'imports commander, which belongs to src/cli/'],
    ['src/config/clouds.ts', "const {execa} = await import('execa');", 'imports execa, which belongs to src/exec.ts'],
    [
      'src/openstack/x.ts',
      "import {Server} from '@grpc/grpc-js';",
      'imports @grpc/grpc-js, which belongs to src/verify/, src/api/',
    ],
    ['src/api/x.ts', "import {y} from '../server/serve.ts';", 'imports src/server/serve.ts'],
    ['src/api/x.ts', "import {y} from '../app/y.ts';", 'imports src/app/y.ts'],
    ['src/verify/x.ts', "import {y} from '../workflow/y.ts';", 'imports src/workflow/y.ts'],
    ['src/build/x.ts', "import {withLock} from '../local/lock.ts';", 'uses an adapter (src/local/lock.ts)'],
    ['src/app/x.ts', "import {createContext} from '../compose/context.ts';", 'imports src/compose/context.ts'],
    ['src/app/x.ts', "import {x} from '../cli/io.ts';", 'imports src/cli/io.ts'],
    [
      'src/app/x.ts',
      "import {createLocal} from '../local/local-cloud.ts';",
      'uses an adapter (src/local/local-cloud.ts)',
    ],
    ['src/app/x.ts', "import {stat} from 'node:fs/promises';", 'imports node:fs/promises'],
    ['src/app/x.ts', 'const cwd = process.cwd();', 'reads the process'],
    ['src/app/x.ts', "if (command === 'verify') return;", 'asks which command it is'],
    ['src/cli/x.ts', "if (command === 'verify') return;", 'asks which command it is'],
    ['src/workflow/x.ts', "import {manage} from '../app/manage.ts';", 'imports src/app/manage.ts'],
    ['src/cli/x.ts', "import {readRegularFile} from '../host/regular-file.ts';", 'imports src/host/regular-file.ts'],
    ['src/compose/x.ts', "import {x} from '../cli/io.ts';", 'imports src/cli/io.ts'],
    ['src/compose/x.ts', "import {x} from '../report/clean.ts';", 'imports src/report/clean.ts'],
    ['src/compose/x.ts', 'const {env} = process.env;', 'reads the process'],
    ['src/history/x.ts', "import {x} from '../workflow/x.ts';", 'imports src/workflow/x.ts'],
    ['src/history/x.ts', "import {x} from '../config/x.ts';", 'imports src/config/x.ts'],
    ['src/sources/x.ts', "import type {Y} from '../verify/y.ts';", 'uses an adapter (src/verify/y.ts)'],
    ['src/verify/x.ts', "import type {Y} from '../history/y.ts';", 'uses an adapter (src/history/y.ts)'],
    ['src/finders/x.ts', "import {createSource} from '../sources/x.ts';", 'uses an adapter (src/sources/x.ts)'],
    ['src/workflow/x.ts', "import {createFinder} from '../finders/x.ts';", 'uses an adapter (src/finders/x.ts)'],
    ['src/ports/x.ts', "import type {X} from '../workflow/x.ts';", 'imports src/workflow/x.ts'],
    ['src/ports/x.ts', "import type {X} from '../host/x.ts';", 'imports src/host/x.ts'],
    ['src/report/x.ts', "import type {X} from '../ports/x.ts';", 'imports src/ports/x.ts'],
    ['src/report/x.ts', "import type {X} from '../app/x.ts';", 'imports src/app/x.ts'],
    ['src/workflow/x.ts', "import type {X} from '../config/x.ts';", 'imports src/config/x.ts'],
    ['src/app/x.ts', "import type {X} from '../report/x.ts';", 'imports src/report/x.ts'],
    ['src/core/x.ts', "import type {X} from '../host/x.ts';", 'imports src/host/x.ts'],
    ['src/cli/x.ts', "import type {X} from '../http.ts';", 'imports src/http.ts'],
    ['src/cli/x.ts', "import {createHttp} from '../http.ts';", 'imports src/http.ts'],
    ['src/http/x.ts', "v8.setFlagsFromString('--expose-gc');", 'sets a flag of V8 at run time'],
    ['src/host/x.ts', "import {x} from '../core/x.ts';", 'imports src/core/x.ts'],
    ['src/host/x.ts', "import {createExec} from '../exec.ts';", 'imports src/exec.ts'],
    [
      'src/cli/commands/x.ts',
      "import {createBuilder} from '../../build/builder.ts';",
      'uses an adapter (src/build/builder.ts)',
    ],
    ['src/core/x.ts', "import {load} from 'js-yaml';", 'imports js-yaml, which belongs to src/config/yaml'],
    ['src/config/x.ts', "import {createHttp} from '../http.ts';", 'imports src/http.ts'],
    ['src/report/x.ts', "export {x} from '../workflow/x.ts';", 'imports src/workflow/x.ts'],
    [
      'src/cli/commands/x.ts',
      "import {createLocal} from '../../local/local-cloud.ts';",
      'uses an adapter (src/local/local-cloud.ts)',
    ],
    ['src/cli/execute.ts', "await import('../openstack/cloud.ts');", 'uses an adapter (src/openstack/cloud.ts)'],
    [
      'src/cli/execute.ts',
      "import {openCloud} from '../compose/open-cloud.ts';",
      'imports src/compose/open-cloud.ts, a part of compose',
    ],
    ['src/cli/x.ts', "import leftPad from 'left-pad';", 'imports left-pad, a package without an owner'],
    ['src/utils/x.ts', "import {x} from '../errors.ts';", 'stands in a room that nobody knows (utils)'],
    ['bin/imgmgr.ts', "import {x} from '../src/errors.ts';", 'imports src/errors.ts'],
  ])('trips over %s: %s', (path, text, what) => {
    expect(violations([{path, text}])).toEqual([`${path}: ${what}`]);
  });

  it('has no file in src of more than 300 lines', () => {
    const tooLong = (files: readonly SourceFile[]): string[] =>
      files.filter(({text}) => text.trimEnd().split('\n').length > 300).map(({path}) => path);
    expect(tooLong(sourceFiles())).toEqual([]);
    expect(tooLong([{path: 'src/long.ts', text: 'x;\n'.repeat(301)}])).toEqual(['src/long.ts']);
  });

  it('has no file in src of less than 20 lines that one other file alone uses, but for a reason of its own', () => {
    expect(smallFiles(sourceFiles())).toEqual(Object.keys(SMALL).sort());
    const user = {path: 'src/user.ts', text: "import {x} from './small.ts';"};
    const other = {path: 'src/other.ts', text: `import {x} from './small.ts';${'\n'.repeat(20)}y;`};
    const small = {path: 'src/small.ts', text: 'export const x = 1;'};
    expect(smallFiles([user, small])).toEqual(['src/small.ts']);
    expect(smallFiles([user, other, small])).toEqual([]);
  });

  it('lets a Node that is too old get as far as saying so: the entry imports nothing before it has looked', () => {
    const entry = readFileSync(join(ROOT, 'bin/imgmgr.ts'), 'utf8');
    expect(entry).not.toMatch(/^(import|export)\b/m);
    expect(entry).not.toMatch(/^\s*await\b/m);
    expect(entry).toContain('needs Node.js 22.15 or newer');
  });

  it('lets compose construct adapters', () => {
    expect(
      violations([
        {path: DOOR_OF_COMPOSE, text: "await import('../openstack/cloud.ts'); await import('../local/x.ts');"},
      ]),
    ).toEqual([]);
  });

  it('is not fooled by comments', () => {
    const text = "// import {x} from '../workflow/x.ts';\n/** new Date() is not called here. */\n";
    expect(violations([{path: 'src/core/x.ts', text}])).toEqual([]);
  });
});
