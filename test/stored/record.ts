// Writes test/fixtures/1098701 anew: what the version of that commit leaves on a cloud, on the cloud `local` and on its host. Run as root
// (its builds need loop devices): node test/stored/record.ts
import {existsSync, mkdirSync, readFileSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import {broken, define, file, ROLLING, rotated, UNFINISHED} from './definitions.ts';
import {fieldsOfTypes} from './fields.ts';
import {buildPredecessor, PREDECESSOR_CLI} from './predecessor.ts';
import {bytesOf, PROJECT, serve, SOURCE} from './source.ts';

const FIXTURES = fileURLToPath(new URL('../fixtures/1098701/', import.meta.url));
const AGENTS = fileURLToPath(new URL('../../dist/agent', import.meta.url));
const FAKE_DIB = fileURLToPath(new URL('../fakes/disk-image-create/disk-image-create', import.meta.url));

/** Gives the recorded program a host of its own: a name, a boot and a process namespace that no machine has. */
const ANOTHER_HOST = `data:text/javascript,${encodeURIComponent(`
  import fs from 'node:fs';
  import os from 'node:os';
  import {syncBuiltinESMExports} from 'node:module';
  const {readFileSync, readlinkSync} = fs;
  fs.readFileSync = (path, ...rest) => path === '/proc/sys/kernel/random/boot_id' ? 'boot-of-build-1' : readFileSync(path, ...rest);
  fs.readlinkSync = (path, ...rest) => path === '/proc/self/ns/pid' ? 'pid:[4026531836]' : readlinkSync(path, ...rest);
  os.hostname = () => 'build-1';
  syncBuiltinESMExports();
`)}`;

/** Where the recorded program works: one cloud, one source, one folder that stands for its host. */
interface Stage {
  readonly cloud: FakeCloud;
  readonly upstream: Upstream;
  readonly folder: string;
  /** Every line of JSON so far. */
  readonly lines: Record<string, unknown>[];
}

function start(stage: Stage, argv: readonly string[], env: Readonly<Record<string, string>> = {}) {
  const {cloud, folder} = stage;
  return execa(process.execPath, ['--import', ANOTHER_HOST, PREDECESSOR_CLI, ...argv, '--json'], {
    reject: false,
    stdin: 'ignore',
    extendEnv: false,
    cwd: folder,
    env: {
      ...cloud.environment(),
      PATH: process.env['PATH'] ?? '',
      HOME: folder,
      XDG_STATE_HOME: join(folder, 'state'),
      IMGMGR_LOCAL: join(folder, 'local'),
      IMGMGR_BUILD_DIR: join(folder, 'work'),
      IMGMGR_AGENTS: AGENTS,
      ...env,
    },
  });
}

async function imgmgr(stage: Stage, expected: number, argv: readonly string[], env = {}): Promise<void> {
  const {exitCode, stdout, stderr} = await start(stage, argv, env);
  stage.lines.push(
    ...stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Record<string, unknown>])),
  );
  if (exitCode !== expected) throw new Error(`${argv.join(' ')} ended with ${exitCode ?? '?'}: ${stdout}${stderr}`);
}

/** Writes a definition file for the program, and its text with a fixed address to the fixtures. */
function definitions(stage: Stage, name: string, text: string): string {
  serve(stage.upstream, text);
  save(`definitions/${name}.yml`, text);
  const path = join(stage.folder, `${name}.yml`);
  writeFileSync(path, text.replaceAll(SOURCE, stage.upstream.url));
  return path;
}

function save(path: string, content: string | Buffer): void {
  mkdirSync(dirname(join(FIXTURES, path)), {recursive: true});
  writeFileSync(join(FIXTURES, path), content);
}

/** Without anything of this machine: its folders, the ports of the servers. */
function neutral(stage: Stage, text: string): string {
  return text
    .replaceAll(stage.cloud.accounts.admin.projectId, PROJECT)
    .replaceAll(stage.upstream.url, SOURCE)
    .replaceAll(stage.folder, '/home/operator')
    .replaceAll(dirname(FAKE_DIB), '/usr/share/diskimage-builder')
    .replaceAll(dirname(dirname(dirname(PREDECESSOR_CLI))), '/usr/lib/imgmgr');
}

function saveCloud(stage: Stage, name: string): void {
  const {servers, ports, groups, volumes} = stage.cloud.compute;
  const compute = {
    servers: servers.map((server) => ({...server, life: undefined, userData: undefined})),
    ...{ports, groups, volumes},
  };
  const at = stage.cloud.clock.now();
  save(
    `clouds/${name}.json`,
    `${neutral(stage, JSON.stringify({at, images: stage.cloud.images.all(), compute}, undefined, 2))}\n`,
  );
}

/** Copies a folder of the program's host; of files of text without anything of this machine. */
function saveFolder(stage: Stage, from: string, to: string): void {
  for (const entry of readdirSync(join(stage.folder, from), {recursive: true, withFileTypes: true})) {
    if (!entry.isFile()) continue;
    const path = join(entry.parentPath, entry.name);
    const goal = join(to, path.slice(join(stage.folder, from).length + 1));
    const whole = readFileSync(path);
    // Bytes that were on their way are cut off sooner.
    const content = path.includes('/aside/') ? whole.subarray(0, LARGEST_HALF) : whole;
    save(goal, content.includes(0) ? content : neutral(stage, content.toString()));
  }
}

async function onStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  const [cloud, upstream, folder] = await Promise.all([
    startFakeCloud({importDelayMs: 2}),
    startUpstream(),
    mkdtemp(join(tmpdir(), 'imgmgr-record-')),
  ]);
  cloud.compute.life = {console: 'server login: '};
  try {
    await work({cloud, upstream, folder, lines: shapes});
  } finally {
    await cloud.close();
    await upstream.close();
    await rm(folder, {recursive: true, force: true});
  }
}

const LARGEST_HALF = 2048;

const shapes: Record<string, unknown>[] = [];

/** Every kind of image that is at rest: current, retired in each way, quarantined, from the command line. */
async function recordPublished(stage: Stage): Promise<void> {
  const first = file(rotated(1), ROLLING, broken(1));
  await imgmgr(stage, 0, ['manage', '--images', definitions(stage, 'published-1', first), '--tag', 'T2']);
  const second = definitions(stage, 'published-2', file(rotated(2), ROLLING, broken(2)));
  await imgmgr(stage, 0, ['manage', '--images', second, '--tag', 'T2', '--deactivate', '--filter', '^(?!Broken)']);
  stage.cloud.compute.life = {
    console: 'Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)',
  };
  await imgmgr(stage, 5, ['manage', '--images', second, '--tag', 'T2']);
  stage.cloud.compute.life = {console: 'server login: '};
  stage.upstream.put('/loose-1.raw', bytesOf('loose-1.raw'));
  await imgmgr(stage, 0, [
    'import',
    `${stage.upstream.url}/loose-1.raw`,
    '--name',
    'Loose',
    '--image-version',
    '1',
    '--no-verify',
  ]);
  saveCloud(stage, 'published');
  const evidence = join(stage.folder, 'state/imgmgr/evidence');
  for (const name of readdirSync(evidence))
    if (!readFileSync(join(evidence, name)).includes('panic')) rmSync(join(evidence, name));
  saveFolder(stage, 'state/imgmgr', 'state');
  definitions(stage, 'published-3', file(rotated(3), ROLLING, broken(3)));
}

/** What runs leave that stop early or are killed: ready, pending, half-made images, servers and what belongs to them, leases. */
async function recordUnfinished(stage: Stage): Promise<void> {
  const path = definitions(stage, 'unfinished', file(...Object.values(UNFINISHED)));
  const manage = (name: string, ...flags: string[]): string[] => [
    'manage',
    '--images',
    path,
    '--filter',
    `^${name}$`,
    ...flags,
  ];
  await imgmgr(stage, 0, manage('Ready', '--no-publish'));
  await imgmgr(stage, 0, manage('Pending', '--no-wait'));
  await atRest(stage.cloud);
  stage.cloud.compute.life = {console: ''};
  const booting = [start(stage, manage('Booting')), start(stage, manage('Volume'))];
  await until(() => stage.cloud.servers.length === 2 && stage.cloud.servers.every(({status}) => status === 'ACTIVE'));
  const goOn = stage.cloud.holdImports();
  const importing = start(stage, manage('Importing'));
  await until(() => stage.cloud.tasks.some(({status}) => status === 'processing' || status === 'pending'));
  const queued = start(stage, manage('Queued', '--method', 'upload'));
  const killed = Promise.withResolvers<undefined>();
  stage.cloud.interceptWrites({
    arrived: ({method, path: at}) => {
      if (method !== 'PUT' || !at.endsWith('/file')) return Promise.resolve('pass');
      killed.resolve(undefined);
      return Promise.resolve('drop');
    },
  });
  await killed.promise;
  for (const child of [...booting, importing, queued]) child.kill('SIGKILL');
  await Promise.all([...booting, importing, queued]);
  goOn();
  await atRest(stage.cloud);
  saveCloud(stage, 'unfinished');
}

/** Two runs on one definition that both live: the first one has it, the second one waits. */
async function recordLeases(stage: Stage): Promise<void> {
  const path = definitions(stage, 'leases', file(define('Leased', ['1'])));
  const goOn = stage.cloud.holdImports();
  const argv = ['manage', '--images', path, '--no-verify'];
  const first = start(stage, argv);
  await until(() => stage.cloud.tasks.length === 1);
  const second = start(stage, argv);
  await until(() => stage.cloud.images.all().some(({properties}) => properties['imgmgr_waiting'] === 'Leased'));
  saveCloud(stage, 'leases');
  for (const child of [first, second]) child.kill('SIGKILL');
  await Promise.all([first, second]);
  goOn();
}

/** The cloud `local`: current, retired, ready and half-made images, and what a killed process left in every folder. */
async function recordLocal(stage: Stage): Promise<void> {
  const cloud = ['--cloud', 'local'];
  const manage = (name: string, text: string): string[] => [
    'manage',
    ...cloud,
    '--images',
    definitions(stage, name, text),
  ];
  await imgmgr(stage, 0, [...manage('local-1', file(define('Local', ['1']))), '--no-verify']);
  const second = file(define('Local', ['2']), define('Ready', ['1']));
  await imgmgr(stage, 0, [...manage('local-2', second), '--no-verify', '--filter', '^Local$']);
  await imgmgr(stage, 0, [...manage('local-2', second), '--no-verify', '--no-publish']);
  definitions(stage, 'local-3', file(define('Local', ['3']), define('Ready', ['1'])));
  const booting = start(stage, ['verify', ...cloud, 'Local']);
  const servers = join(stage.folder, 'local/servers');
  await until(() => isFilled(servers));
  booting.kill('SIGKILL');
  await booting;
  for (const id of readdirSync(servers))
    for (const name of readdirSync(join(servers, id)))
      if (/\.(?:qcow2|iso|fd)$/.test(name)) rmSync(join(servers, id, name));
  const slow = definitions(stage, 'local-killed', file(define('Killed', ['1'])));
  stage.upstream.putLarge('/killed-1.raw', 8 * 2 ** 20);
  stage.upstream.misbehave('slow', {path: '/killed-1.raw'});
  const killed = start(stage, ['manage', ...cloud, '--images', slow, '--no-verify']);
  await until(() => ['locks', 'aside'].every((name) => isFilled(join(stage.folder, 'local', name))));
  killed.kill('SIGKILL');
  await killed;
  saveFolder(stage, 'local', 'local');
}

/** A finished build with its log. */
async function recordBuild(stage: Stage): Promise<void> {
  const small = join(stage.folder, 'small.raw');
  writeFileSync(small, bytesOf('build.raw'));
  const built = define('Built', [], {format: 'qcow2'}, {replace_frequency: 'never'}).replace(
    '    versions: []\n',
    '    build: {elements: [debian-minimal, vm, block-device-mbr], release: bookworm, formats: [qcow2]}\n',
  );
  const path = definitions(stage, 'built', file(built));
  const env = {IMGMGR_DIB: FAKE_DIB};
  await imgmgr(stage, 0, ['build', '--images', path], {...env, DIB_FAKE_DISK: small});
  rmSync(join(stage.folder, 'state/imgmgr/evidence'), {recursive: true, force: true});
  saveFolder(stage, 'state/imgmgr', 'built');
}

async function recordHelp(stage: Stage): Promise<void> {
  const topics = [[], ...['manage', 'dry-run', 'build', 'import', 'verify', 'hide', 'delete'].map((name) => [name])];
  for (const topic of topics) {
    const {stdout} = await execa(process.execPath, [PREDECESSOR_CLI, ...topic, '--help'], {
      env: {NO_COLOR: '1', COLUMNS: '80'},
    });
    save(`help/${topic[0] ?? 'imgmgr'}.txt`, `${stdout}\n`);
  }
  for (const topic of ['exit-codes', 'environment']) {
    const {stdout} = await execa(process.execPath, [PREDECESSOR_CLI, 'help', topic], {
      env: {NO_COLOR: '1', COLUMNS: '80'},
    });
    save(`help/${topic}.txt`, `${stdout}\n`);
  }
  const output = {schema: [...new Set(stage.lines.map(({schema}) => schema))], types: fieldsOfTypes(stage.lines)};
  save('output.json', `${JSON.stringify(output, undefined, 2)}\n`);
}

function isFilled(folder: string): boolean {
  return existsSync(folder) && readdirSync(folder).length > 0;
}

async function atRest({tasks}: FakeCloud): Promise<void> {
  await until(() => tasks.every(({status}) => status === 'success' || status === 'failure'));
}

async function until(isSo: () => boolean): Promise<void> {
  const endMs = performance.now() + 60_000;
  while (!isSo()) {
    if (performance.now() > endMs) throw new Error(`it did not come to ${isSo.toString()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const reason = await buildPredecessor();
if (reason !== undefined) throw new Error(reason);
for (const name of ['clouds', 'definitions', 'help', 'local', 'state', 'built', 'output.json'])
  rmSync(join(FIXTURES, name), {recursive: true, force: true});
await onStage(recordPublished);
await onStage(recordUnfinished);
await onStage(recordLeases);
await onStage(recordLocal);
await onStage(recordBuild);
await onStage(recordHelp);
