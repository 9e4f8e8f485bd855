import {access, mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {type OpenApi, openApi} from '../../src/api/server.ts';
import {FILES, METHODS} from '../../src/api/types.ts';
import {MemoryBackend, RUN, TOKENS} from '../unit/api/backend.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
/** grpcurl from the Go module proxy, and grpcio-tools from PyPI in an environment of its own, each made once. */
const GRPCURL = join(ROOT, '.cache/grpcurl/grpcurl');
const VENV = join(ROOT, '.cache/grpcio');

let folder = '';
let api: OpenApi;
const backend = new MemoryBackend();

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-grpc-'));
  await Promise.all([installGrpcurl(), installPython()]);
  api = await openApi({
    backend,
    host: '127.0.0.1',
    port: 0,
    flag: '--grpc-listen',
    certificate: undefined,
    limits: {unreadMs: 1000},
  });
}, 900_000);
afterAll(async () => {
  await api.close(0);
  await rm(folder, {recursive: true, force: true});
});

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

async function installGrpcurl(): Promise<void> {
  if (await there(GRPCURL)) return;
  const env = {GOBIN: join(ROOT, '.cache/grpcurl'), GOFLAGS: '-trimpath'};
  await execa(join(ROOT, 'scripts/go'), ['install', 'github.com/fullstorydev/grpcurl/cmd/grpcurl@v1.9.3'], {env});
}

async function installPython(): Promise<void> {
  if (await there(join(VENV, '.made'))) return;
  await execa('/usr/bin/python3', ['-m', 'venv', VENV]);
  const packages = ['grpcio==1.85.3', 'grpcio-tools==1.85.1', 'grpcio-status==1.85.3'];
  await execa(join(VENV, 'bin/python'), ['-m', 'pip', 'install', '--quiet', ...packages]);
  await execa('touch', [join(VENV, '.made')]);
}

/** Every call of grpcurl on the page, as it stands there. */
async function examples(): Promise<readonly string[]> {
  const page = await readFile(join(ROOT, 'docs/api.md'), 'utf8');
  return [...page.matchAll(/^ {4}(grpcurl (?:.*\\\n)*.*)$/gm)].map(([, command = '']) => command);
}

/** As the page has it, with this server, token and run. */
function run(command: string) {
  const script = command
    .replace('grpcurl', GRPCURL)
    .replaceAll('-cacert server.pem', '-plaintext')
    .replaceAll('images.example.org:8443', `localhost:${api.port}`)
    .replaceAll(/\$TOKEN/g, TOKENS.operator)
    .replaceAll(/[0-9a-f]{8}-[0-9a-f-]{27}/g, RUN);
  return execa('bash', ['-c', script], {reject: false});
}

describe('grpcurl', () => {
  it('docs/api.md has a call of every method, and each of them works', async () => {
    const commands = await examples();
    const called = new Set(commands.map((command) => / (imgmgr\.[\w./]+)/.exec(command)?.[1] ?? ''));
    const methods = [...METHODS.values()].filter(({service}) => service.startsWith('imgmgr.'));
    expect(methods.map(({service, name}) => `${service}/${name}`).filter((name) => !called.has(name))).toEqual([]);
    for (const command of commands) {
      const {stdout, stderr, exitCode} = await run(command);
      // This one is answered by no server yet.
      if (command.includes('/Delete')) expect(stderr).toContain('Code: Unimplemented');
      else expect([command, exitCode, stderr, stdout === '']).toEqual([command, 0, '', false]);
    }
  });

  it('shows our code and hint of a call that fails', async () => {
    const call = `grpcurl -plaintext -H 'authorization: Bearer ${TOKENS.viewer}' localhost:${api.port} imgmgr.api.v1.RunService/Start`;
    const {stderr, exitCode} = await run(call);
    expect(exitCode).not.toBe(0);
    for (const text of ['Code: PermissionDenied', '"reason": "FORBIDDEN"', '"hint": "use another token"'])
      expect(stderr).toContain(text);
  });
});

describe('a client that grpcio-tools generated', () => {
  it('lists, starts, watches to the end, cancels, and gets the codes of what it may not do', async () => {
    backend.instead.run = () => new Promise(() => undefined);
    const script = join(ROOT, 'test/oracle/grpc-client.py');
    const args = [script, String(api.port), folder, TOKENS.operator, RUN];
    const {stdout} = await execa(join(VENV, 'bin/python'), args, {cwd: ROOT});
    const {files, ...seen} = JSON.parse(stdout) as {readonly files: Readonly<Record<string, string>>};
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
  });
});
