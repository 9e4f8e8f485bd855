import {createServer} from 'node:http';
import type {IncomingMessage, ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {text} from 'node:stream/consumers';
import {describe, expect, it, onTestFinished} from 'vitest';
import {run} from '../../src/run.ts';
import {fakeIo} from './fake-io.ts';
import {yaml} from './operator.ts';

const PASSWORD = `hunter2-p"ä\\s 's&<w>%/+1`;
const SHORT_PASSWORD = 'Zq7-short<14';
const APPLICATION_SECRET = 'c8h0rs3-battery_staple';
const TOKEN = `gAAAAAB${'kX9_-aQ'.repeat(20)}`;
const PROXY_PASSWORD = 'pr0xy@word';

/** Everything of a run that must never be read in what it writes, in the forms that servers repeat. */
const FORBIDDEN: readonly string[] = [PASSWORD, APPLICATION_SECRET, TOKEN, PROXY_PASSWORD].flatMap((secret) => [
  secret,
  JSON.stringify(secret).slice(1, -1),
  JSON.stringify(JSON.stringify(secret)).slice(3, -3),
  encodeURIComponent(secret),
  secret.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;'),
  Buffer.from(secret).toString('base64').slice(0, -4),
  secret.slice(0, 14),
]);

type Wording = 'json' | 'text' | 'html' | 'escaped';

/** What the request held, as careless servers repeat it. */
async function echoOf(request: IncomingMessage): Promise<string> {
  const body = await text(request);
  const basic = Buffer.from(`admin:${PASSWORD}`).toString('base64');
  return [
    `cannot take ${body}`,
    `with ${JSON.stringify(request.headers)}`,
    `as ${encodeURIComponent(body)}`,
    `for ${PASSWORD} and ${Buffer.from(PASSWORD).toString('base64')} and Basic ${basic}`,
  ].join(' ');
}

function answer(
  response: ServerResponse,
  {status, wording, said}: {status: number; wording: Wording; said: string},
): void {
  if (wording === 'json') {
    response.writeHead(status, {'Content-Type': 'application/json'});
    response.end(JSON.stringify({error: {code: status, message: said, title: 'No'}}));
    return;
  }
  if (wording === 'escaped') {
    const every = said
      .split('')
      .map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`)
      .join('');
    response.writeHead(status, {'Content-Type': 'application/json'});
    response.end(`{"error": {"code": ${status}, "message": "${every}"}}`);
    return;
  }
  const html = `<html><body><h1>${status}</h1>${said.replaceAll('&', '&amp;').replaceAll('<', '&lt;')}</body></html>`;
  response.writeHead(status, {'Content-Type': wording === 'html' ? 'text/html' : 'text/plain'});
  response.end(wording === 'html' ? html : said);
}

/** A cloud that repeats every request in its refusals: at the login, or, after one, in all services. */
async function echoingCloud(refuses: 'login' | 'services', status: number, wording: Wording): Promise<string> {
  const server = createServer((request, response) => {
    void (async () => {
      const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
      const isLogin = request.url === '/v3/auth/tokens';
      if (!isLogin || refuses === 'login') {
        answer(response, {status, wording, said: await echoOf(request)});
        return;
      }
      const named = {id: '0'.repeat(32), name: 'admin'};
      const endpoint = (type: string): object => ({
        type,
        name: type,
        endpoints: [{interface: 'public', region: 'R', region_id: 'R', url: `${base}/${type}`}],
      });
      response.writeHead(201, {'Content-Type': 'application/json', 'X-Subject-Token': TOKEN});
      const times = {issued_at: new Date().toISOString(), expires_at: new Date(Date.now() + 3_600_000).toISOString()};
      const catalog = ['image', 'compute', 'network'].map(endpoint);
      response.end(JSON.stringify({token: {...times, user: named, project: named, roles: [{name: 'admin'}], catalog}}));
    })();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** A cloud that refuses every login with this message. */
async function sayingCloud(said: string): Promise<string> {
  const server = createServer((_request, response) => answer(response, {status: 401, wording: 'escaped', said}));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

function cloudsYaml(url: string): string {
  const auth = {
    auth_url: `${url}/v3`,
    username: 'admin',
    password: PASSWORD,
    project_name: 'p',
    user_domain_name: 'D',
    project_domain_name: 'D',
  };
  const credential = {
    auth_url: `${url}/v3`,
    application_credential_id: 'an-id',
    application_credential_secret: APPLICATION_SECRET,
  };
  return JSON.stringify({
    clouds: {
      user: {auth, region_name: 'R'},
      short: {auth: {...auth, password: SHORT_PASSWORD}, region_name: 'R'},
      credential: {auth_type: 'v3applicationcredential', auth: credential, region_name: 'R'},
      token: {
        auth_type: 'v3token',
        auth: {auth_url: `${url}/v3`, token: TOKEN, project_name: 'p', project_domain_name: 'D'},
        region_name: 'R',
      },
    },
  });
}

async function ran(url: string, argv: readonly string[]): Promise<{readonly code: number; readonly out: string}> {
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-secrets-'));
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  await writeFile(join(folder, 'clouds.yaml'), cloudsYaml(url));
  await writeFile(join(folder, 'images.yml'), yaml([`- {version: '1', url: '${url}/a.raw'}`]));
  const io = fakeIo();
  const env = {
    HOME: folder,
    PATH: process.env['PATH'],
    OS_CLIENT_CONFIG_FILE: join(folder, 'clouds.yaml'),
    IMGMGR_BUILD_DIR: folder,
    XDG_STATE_HOME: folder,
    https_proxy: `http://me:${encodeURIComponent(PROXY_PASSWORD)}@127.0.0.1:1`,
  };
  const words = argv.map((word) => (word === 'IMAGES' ? join(folder, 'images.yml') : word));
  const code = await run(words, io, env);
  return {code, out: io.out() + io.err()};
}

function expectNoSecret(out: string): void {
  for (const secret of FORBIDDEN) expect(out).not.toContain(secret);
  expect(out).toContain('***');
}

const COMMANDS: readonly (readonly string[])[] = [
  ['manage', '--images', 'IMAGES'],
  ['dry-run', '--images', 'IMAGES'],
  ['import', '--images', 'IMAGES'],
  ['verify', 'some-image', '--images', 'IMAGES'],
  ['hide', '--images', 'IMAGES'],
  ['delete', '--images', 'IMAGES', '--yes'],
];
const FORMATS: readonly (readonly string[])[] = [['--format', 'human'], ['--json'], ['--format', 'junit']];

describe('S6: a server that repeats the request gets no secret printed', () => {
  for (const format of FORMATS)
    for (const command of COMMANDS)
      it(`${command[0] ?? ''} ${format.join(' ')}: login and services`, async () => {
        for (const refuses of ['login', 'services'] as const) {
          const url = await echoingCloud(refuses, 400, 'json');
          const {code, out} = await ran(url, [...command, '--cloud', 'user', '--debug', ...format]);
          expect(code).not.toBe(0);
          expectNoSecret(out);
        }
      });

  it.each([400, 401, 403, 409])(
    'a login refused with %i, in every wording and by every kind of login',
    async (status) => {
      for (const wording of ['json', 'text', 'html'] as const)
        for (const cloud of ['user', 'credential', 'token']) {
          const url = await echoingCloud('login', status, wording);
          const {code, out} = await ran(url, ['hide', '--images', 'IMAGES', '--cloud', cloud, '--debug']);
          expect(code).not.toBe(0);
          expectNoSecret(out);
        }
    },
  );

  it('a login refused with 500, which is repeated', async () => {
    const url = await echoingCloud('login', 500, 'text');
    const {code, out} = await ran(url, ['hide', '--images', 'IMAGES', '--cloud', 'user', '--debug']);
    expect(code).toBe(75);
    expectNoSecret(out);
  });

  it('S6: a message whose every character is escaped, and that is cut off in the middle of a secret', async () => {
    for (let before = 286; before < 300; before += 3) {
      const url = await sayingCloud(`${'x'.repeat(before)}${SHORT_PASSWORD}`);
      const {out} = await ran(url, ['hide', '--images', 'IMAGES', '--cloud', 'short', '--debug']);
      expect(out).toContain('xxx');
      expect(out).not.toContain(SHORT_PASSWORD.slice(0, 3));
    }
  });

  it('S6: a refusal that the server itself cut off in the middle of a secret', async () => {
    const url = await sayingCloud(`no user with the password "${SHORT_PASSWORD.slice(0, -1)}..."`);
    const {out} = await ran(url, ['hide', '--images', 'IMAGES', '--cloud', 'short', '--debug', '--json']);
    expect(out).toContain('with the password');
    expect(out).not.toContain(SHORT_PASSWORD.slice(0, 4));
  });

  it('a proxy that cannot be reached shows no password', async () => {
    const {out} = await ran('https://127.0.0.1:1', ['hide', '--images', 'IMAGES', '--cloud', 'user', '--debug']);
    for (const secret of FORBIDDEN) expect(out).not.toContain(secret);
    expect(out).toContain('the proxy http://127.0.0.1:1 (https_proxy) cannot be reached');
  });
});
