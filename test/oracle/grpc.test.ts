import {readFile, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {DatabaseSync} from 'node:sqlite';
import {type ServiceError, credentials, status} from '@grpc/grpc-js';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type OpenApi, openApi} from '../../src/api/server.ts';
import {FILES, METHODS} from '../../src/api/types.ts';
import {makeIdentity} from '../../src/host/certificate.ts';
import {keptBuild} from '../server/kept-build.ts';
import type {Served} from '../server/support.ts';
import {becomes, startServer} from '../server/support.ts';
import {MemoryBackend, RUN, TOKENS} from '../unit/api/backend.ts';
import {ApiClient} from '../unit/api/client.ts';
import {keepRun, kept} from '../unit/history/kept-run.ts';
import {GRPCURL, PYTHON, installGrpcurl, installPython} from './grpc-tools.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const isFull = process.env['FULL'] === '1';
if (!isFull)
  process.stderr.write('not tested without FULL=1: the gRPC interface by grpcurl, whose build takes two minutes\n');

const LAST1 = {uuid_validity: 'last-1'};

async function serve(address = '127.0.0.1:0', ...flags: readonly string[]): Promise<Served> {
  return startServer({
    clouds: ['admin', 'member'],
    flags: ['--allow-write', '--allow-build', '--grpc-listen', address, ...flags],
    images: (table) => table.x(['1', '2'], {verify: '{mode: none}'}, LAST1),
  });
}

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-grpc-'));
  await installPython();
}, 900_000);
afterAll(async () => rm(folder, {recursive: true, force: true}));

describe.runIf(isFull)('grpcurl', () => {
  let served: Served;
  beforeAll(async () => {
    await installGrpcurl();
    served = await serve();
  }, 900_000);
  afterAll(async () => served.close());

  /** Every call of grpcurl on the page, as it stands there. */
  async function examples(): Promise<readonly string[]> {
    const page = await readFile(join(ROOT, 'docs/api.md'), 'utf8');
    return [...page.matchAll(/^ {4}(grpcurl (?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command);
  }

  /** As the page has it, with this server, its names, a token and an id. */
  function run(command: string, id = RUN, token = served.tokens.operator) {
    const script = command
      .replace('grpcurl', GRPCURL)
      .replaceAll('-cacert server.pem', '-plaintext')
      .replaceAll('images.example.org:7441', `127.0.0.1:${served.grpcPort}`)
      .replaceAll('"prod"', '"admin"')
      .replaceAll('"Debian 12"', '"X"')
      .replaceAll(/\$TOKEN/g, token)
      .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, id);
    return execa('bash', ['-c', script], {reject: false});
  }

  it('docs/api.md has a call of every method, and each of them works on a server, in the order of the page', async () => {
    const commands = await examples();
    const called = new Set(commands.map((command) => / (imgmgr\.[\w./]+)/.exec(command)?.[1] ?? ''));
    const methods = [...METHODS.values()].filter(({service}) => service.startsWith('imgmgr.'));
    expect(methods.map(({service, name}) => `${service}/${name}`).filter((name) => !called.has(name))).toEqual([]);
    await served.over(await served.start({verb: 'manage', clouds: ['admin']}));
    const built = await keptBuild(served.table.folder, 'Built Debian 12');
    let [plan, newest] = ['', built];
    for (const command of commands) {
      const isBuild = /BuildService\/(?:Get|Cancel|Delete)/.test(command);
      // The build that the page makes is of a definition that is not here.
      const known = command.includes('BuildService/Create') ? command.replace('Built Debian 12', 'X') : command;
      const {stdout, stderr, exitCode} = await run(
        known,
        command.includes('approve') ? plan : isBuild ? built : newest,
      );
      if (command.includes('/Cancel')) expect(stderr).toMatch(/Code: Aborted\n\s+Message: the run is over/);
      else expect([command, exitCode, stderr, stdout === '']).toEqual([command, 0, '', false]);
      plan = /"plan": \{\s+"id": "([\w-]+)"/.exec(stdout)?.[1] ?? plan;
      const started = /"started": \{\s+"id": "([\w-]+)"/.exec(stdout)?.[1];
      if (started === undefined) continue;
      newest = started;
      await served.over(started);
    }
    const {builds} = await served.run(built);
    expect(builds).toMatchObject([{gone: true}]);
  });

  it('shows our code and hint of a call that fails', async () => {
    const call =
      'grpcurl -plaintext -H "authorization: Bearer $TOKEN" images.example.org:7441 imgmgr.api.v1.RunService/Start';
    const {stderr, exitCode} = await run(call, RUN, served.tokens.viewer);
    expect(exitCode).not.toBe(0);
    for (const text of ['Code: PermissionDenied', '"reason": "FORBIDDEN"']) expect(stderr).toContain(text);
    const wrong = await run(call, RUN, 'imgmgr_wrong');
    expect(wrong.stderr).toMatch(/code = Unauthenticated desc = .*: the token is none of this server, or it is over/);
  });

  it('checks health without a token', async () => {
    const {stdout} = await execa(GRPCURL, [
      ...['-plaintext', '-import-path', join(ROOT, 'scripts/proto'), '-proto', 'health.proto'],
      ...[`127.0.0.1:${served.grpcPort}`, 'grpc.health.v1.Health/Check'],
    ]);
    expect(JSON.parse(stdout)).toEqual({status: 'SERVING'});
  });
});

describe('a client that grpcio-tools generated', () => {
  const python = async (script: string, ...args: readonly string[]): Promise<unknown> => {
    const {stdout} = await execa(PYTHON, [join(ROOT, 'test/oracle', script), ...args], {cwd: ROOT});
    return JSON.parse(stdout) as unknown;
  };

  it('lists, starts, watches to the end, cancels, and gets the codes of what it may not do', async () => {
    const backend = new MemoryBackend();
    const place = {host: '127.0.0.1', port: 0, flag: '--grpc-listen'};
    const api: OpenApi = await openApi({backend, ...place, certificate: undefined, limits: {unreadMs: 1000}});
    try {
      backend.instead.run = () => new Promise(() => undefined);
      const args = [String(api.port), folder, TOKENS.operator, RUN];
      const {files, ...seen} = (await python('grpc-client.py', ...args)) as {
        readonly files: Readonly<Record<string, string>>;
      };
      const updated = 'make the client from the files of proto/imgmgr/api/v1 of this version';
      const again = 'call again with `after`, the number of the last event';
      expect(seen).toEqual({
        list: ['some cloud', 'IMAGE_STATE_UNREACHABLE', '2026-11-27T09:00:00.250Z'],
        start: '7c4d7e0e-6a2b-4e1f-8f53-3d1f7a0d9b11',
        watch: [1, 2, 3, 'end'],
        'watch behind': [3, 'end'],
        cancel: '7c4d7e0e-6a2b-4e1f-8f53-3d1f7a0d9b11',
        'wrong token': ['UNAUTHENTICATED', 'AUTH', 'imgmgr serve token add'],
        'no token': ['UNAUTHENTICATED', 'AUTH', 'imgmgr serve token add'],
        limit: ['RESOURCE_EXHAUSTED', null, null],
        'unknown field': ['INVALID_ARGUMENT', 'USAGE', updated],
        deadline: ['DEADLINE_EXCEEDED', null, null],
        slow: ['RESOURCE_EXHAUSTED', 'LIMIT', again],
      });
      // What reflection answers is what protoc makes.
      expect(Object.keys(files)).toHaveLength(5);
      for (const [name, hex] of Object.entries(files))
        expect([name, Buffer.from(FILES[name]?.bytes ?? '', 'base64').toString('hex')]).toEqual([name, hex]);
    } finally {
      await api.close(0);
    }
  });

  it('calls every method of a server that runs, and is held to its role, its clouds and the limits', async () => {
    const served = await serve();
    const state = join(served.table.folder, 'state', 'imgmgr');
    const lasting = keepRun(state);
    try {
      lasting.emit({type: 'started', command: 'manage', clouds: [], run: lasting.run});
      const built = await keptBuild(served.table.folder, 'Built');
      const world = {tokens: served.tokens, built, lasting: lasting.run, long: await longRun(state)};
      await becomes(async () => (await served.run(lasting.run)).run.lastSeq > 0);
      const {pid} = served;
      const before = await residentKib(pid);
      const seen = await python('grpc-live.py', String(served.grpcPort), folder, JSON.stringify(world));
      expect(seen).toEqual({
        'watch of a live run': [true, 'RUN_STATE_SUCCESS'],
        resumed: true,
        run: ['manage', true],
        runs: [true],
        log: true,
        'cancel of what is over': ['ABORTED', 'CONFLICT'],
        images: ['admin', 'X', 'IMAGE_STATE_OK'],
        image: 'X',
        verify: 'verify',
        'rollback, not typed': ['INVALID_ARGUMENT', 'USAGE'],
        rollback: 0,
        hold: 0,
        build: 'build',
        builds: true,
        'cancel of a build': ['ABORTED', 'CONFLICT'],
        'deletion, not typed': ['INVALID_ARGUMENT', 'USAGE'],
        deletion: 0,
        'deletion, again': ['NOT_FOUND', 'NOT_FOUND'],
        roles: {metrics: ['PERMISSION_DENIED', 'PERMISSION_DENIED'], viewer: ['OK', 'PERMISSION_DENIED']},
        'a cloud of others': ['INVALID_ARGUMENT', 'USAGE'],
        'over the limit': ['RESOURCE_EXHAUSTED', null],
        deadline: ['DEADLINE_EXCEEDED', null],
        health: true,
        reflection: [true, true, true],
        slow: ['RESOURCE_EXHAUSTED', 'LIMIT'],
        'wrong tokens': ['RESOURCE_EXHAUSTED', 'UNAUTHENTICATED'],
      });
      // The events that the slow one did not read are several times as large.
      expect((await residentKib(pid)) - before).toBeLessThan(60 * 1024);
    } finally {
      lasting.drop();
      await served.close();
    }
  });
});

describe('TLS', () => {
  it('is needed for other addresses, and its certificate is read again when it changes', async () => {
    const [first, second] = [makeIdentity(['localhost']), makeIdentity(['localhost'])];
    const [cert, key] = [join(folder, 'chain.pem'), join(folder, 'key.pem')];
    const write = async (identity: typeof first): Promise<void> => {
      await writeFile(cert, identity.certificate);
      await writeFile(key, identity.key, {mode: 0o600});
    };
    await write(first);
    const served = await serve('0.0.0.0:0', '--tls-cert', cert, '--tls-key', key);
    try {
      const list = async (certificate?: string): Promise<status> => {
        const secure =
          certificate === undefined ? credentials.createInsecure() : credentials.createSsl(Buffer.from(certificate));
        const client = new ApiClient(served.grpcPort, secure);
        try {
          await client.call('/imgmgr.api.v1.RunService/List', {}, {token: served.tokens.viewer, deadlineMs: 20_000});
          return status.OK;
        } catch (error) {
          return (error as ServiceError).code;
        } finally {
          client.close();
        }
      };
      expect([await list(first.certificate), await list()]).toEqual([status.OK, status.UNAVAILABLE]);
      await write(second);
      await becomes(() => served.log().includes('the certificate was read again'));
      expect([await list(second.certificate), await list(first.certificate)]).toEqual([status.OK, status.UNAVAILABLE]);
    } finally {
      await served.close();
    }
  });
});

/** A run with far more events than any network keeps on its way; its id. */
async function longRun(state: string): Promise<string> {
  const {run} = await kept(state);
  const db = new DatabaseSync(join(state, 'history.sqlite'));
  try {
    db.exec('PRAGMA busy_timeout = 5000');
    db.exec(`WITH RECURSIVE seqs (seq) AS (SELECT 1000 UNION ALL SELECT seq + 1 FROM seqs WHERE seq < 20000)
      INSERT INTO events SELECT (SELECT n FROM runs WHERE id = '${run}'), seq,
        json_object('run', '${run}', 'seq', seq, 'at', '2026-11-27T12:00:00Z', 'type', 'progress', 'text', hex(zeroblob(2000)))
      FROM seqs`);
    db.exec(`UPDATE runs SET last_seq = 20000 WHERE id = '${run}'`);
  } finally {
    db.close();
  }
  return run;
}

async function residentKib(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+) kB/.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1] ?? 0);
}
