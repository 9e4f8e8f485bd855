import {existsSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {ROUTES} from '../../src/server/contract/routes.ts';
import {ROLES} from '../../src/server/contract/session.ts';
import {head, open} from './sockets.ts';
import {becomes, startServer} from './support.ts';
import type {Served} from './support.ts';

let served: Served;

beforeAll(async () => {
  served = await startServer({clouds: ['admin', 'member']});
});
afterAll(async () => served.close());

const REASON_REFUSED = 'flags.reason: holds a control character; use other characters';
const SOME_ID = '00000000-0000-4000-8000-000000000000';
const address = (path: string): string =>
  path.replace('{id}', SOME_ID).replace('{cloud}', 'admin').replace('{target}', 'X');

describe('each call takes its role', () => {
  it.each(ROUTES)('$method $path: $role', async ({method, path, role}) => {
    const status = async (token?: string): Promise<number> =>
      (
        await served.call(method, address(path), {
          ...(token !== undefined && {token}),
          ...(method === 'POST' && {body: {}}),
        })
      ).status;
    const isOpen = role === 'open';
    // Without a token, what changes something has to come from a page of the server, which is asked first.
    expect([401, 403].includes(await status())).toBe(!isOpen || method !== 'GET');
    for (const held of ROLES) {
      const answer = await status(served.tokens[held]);
      const may = isOpen || ROLES.indexOf(held) >= ROLES.indexOf(role);
      expect([held, answer === 401 || answer === 403]).toEqual([held, !may]);
    }
  });
});

it('a call under a foreign name takes a token, which no browser sends by itself', async () => {
  const headers = {host: 'rebound.example.test'};
  for (const path of ['/', '/v1/session', '/v1/runs'])
    expect((await served.call('GET', path, {headers})).status).toBe(403);
  expect((await served.call('GET', '/v1/session', {headers, token: served.tokens.viewer})).status).toBe(200);
});

it('a call of a page of another site is refused, with a token too', async () => {
  const token = served.tokens.operator;
  for (const headers of [{origin: 'http://example.test'}, {origin: 'null'}, {'sec-fetch-site': 'cross-site'}])
    for (const path of ['/v1/runs', '/v1/session'])
      expect((await served.call('GET', path, {token, headers})).status, JSON.stringify(headers)).toBe(403);
});

it('a browser logs in by a one-time address, once, and is out when it logs out; another site cannot use its cookie', async () => {
  const {origin} = served;
  const printed = await served.imgmgr('serve', 'login');
  expect(printed.code, printed.err).toBe(0);
  const code = /\/login#(\S+)/.exec(printed.out)?.[1] ?? '';
  expect(code).not.toBe('');
  const login = await served.call('POST', '/v1/session', {headers: {origin}, body: {code}});
  expect(login.status, login.text).toBe(200);
  const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
  expect(String(login.headers['set-cookie'])).toMatch(/HttpOnly.*SameSite=Strict|SameSite=Strict.*HttpOnly/);
  expect((await served.call('POST', '/v1/session', {headers: {origin}, body: {code}})).status).toBe(401);
  expect((await served.call('GET', '/v1/runs', {headers: {cookie}})).status).toBe(200);
  const plan = {verb: 'manage', clouds: ['admin']};
  for (const headers of [{cookie}, {cookie, origin: 'http://example.test'}])
    expect((await served.call('POST', '/v1/plans', {headers, body: plan})).status).toBe(403);
  expect((await served.call('DELETE', '/v1/session', {headers: {cookie, origin}})).status).toBe(200);
  expect((await served.call('GET', '/v1/runs', {headers: {cookie}})).status).toBe(401);
});

it('a token that is removed opens nothing from then on, nor does the login that was made with it', async () => {
  const added = await served.imgmgr('serve', 'token', 'add', 'short', '--role', 'viewer');
  const token = added.out.trim();
  const {origin} = served;
  const login = await served.call('POST', '/v1/session', {headers: {origin}, body: {token}});
  const cookie = String(login.headers['set-cookie']).split(';')[0] ?? '';
  expect((await served.call('GET', '/v1/runs', {headers: {cookie}})).status).toBe(200);
  expect((await served.imgmgr('serve', 'token', 'remove', 'short')).code).toBe(0);
  expect((await served.call('GET', '/v1/runs', {headers: {cookie}})).status).toBe(401);
  expect((await served.call('GET', '/v1/runs', {token})).status).toBe(401);
});

it('a user of some clouds sees the others nowhere, and starts nothing there', async () => {
  const token = served.tokens.limited;
  expect((await served.call('GET', '/v1/session', {token})).json['clouds']).toEqual(['member']);
  const images = await served.call('GET', '/v1/images', {token});
  expect(images.text).not.toContain('"admin"');
  expect((await served.call('GET', '/v1/images/admin/X', {token})).status).toBe(404);
  const started = await served.call('POST', '/v1/runs', {token, body: {verb: 'manage', clouds: ['admin']}});
  expect([403, 404, 400]).toContain(started.status);
});

it.each([
  ['a flag outside the list', {verb: 'manage', clouds: ['admin'], flags: {forceState: true}}, 400],
  ['a field outside the list', {verb: 'manage', clouds: ['admin'], images: '/etc'}, 400],
  ['a verb outside the list', {verb: 'delete', clouds: ['admin']}, 400],
  ['a cloud that it does not serve', {verb: 'manage', clouds: ['../admin']}, 400],
  ['a definition that is none', {verb: 'manage', clouds: ['admin'], definitions: ['/etc/passwd']}, 400],
  ['a build without --allow-build', {verb: 'build', definitions: ['X']}, 403],
])('a run with %s is refused', async (_, body, status) => {
  expect((await served.post('/v1/runs', body)).status).toBe(status);
});

it.each(['x\0y', 'x\ny', 'x\u001by', 'x\u009by'])(
  'a hold for the reason %j is refused, as a rollback is',
  async (reason) => {
    const hold = {verb: 'hold', clouds: ['admin'], flags: {until: '2099-01-01', all: true, reason}};
    const rollback = {verb: 'rollback', definitions: ['X'], clouds: ['admin'], flags: {reason}};
    for (const [path, body] of [
      ['/v1/runs', hold],
      ['/v1/plans', rollback],
    ] as const) {
      const {status, json} = await served.post(path, body);
      expect([status, json]).toMatchObject([400, {error: {code: 'USAGE', message: REASON_REFUSED}}]);
    }
  },
);

it.each([
  ...['offset=0x10', 'offset=1e3', 'offset=', 'offset=-1', 'offset=1.0', 'offset=%201', 'offset=1&__proto__=1'],
  ...['__proto__=1', 'constructor=1', 'none=1'],
])('the query %s of a log is refused', async (query) => {
  const {status, json} = await served.get(`/v1/runs/${SOME_ID}/log?${query}`);
  expect([status, json]).toMatchObject([400, {error: {code: 'USAGE'}}]);
});

it.each(['/v1/runs?limit=1e3', '/v1/images?limit=0x10', '/v1/runs?limit=+5', '/v1/session?__proto__=1'])(
  '%s is refused',
  async (path) => {
    expect((await served.get(path)).status).toBe(400);
  },
);

it('a body with a field __proto__ is refused as one with any other unknown field', async () => {
  for (const raw of [
    '{"verb":"manage","clouds":["admin"],"__proto__":{"x":1}}',
    '{"verb":"manage","clouds":["admin"],"flags":{"__proto__":{"hide":true}}}',
  ])
    expect((await served.call('POST', '/v1/runs', {token: served.tokens.operator, raw})).status).toBe(400);
});

it.each([
  '/../package.json',
  '/pages/../../package.json',
  '/pages/%2e%2e/x',
  '/v1/runs/..%2f..%2fetc',
  '/v1/runs/x',
  '//etc/passwd',
])('the path %s leads nowhere', async (path) => {
  const {status, text} = await served.call('GET', path, {token: served.tokens.operator});
  expect([400, 404]).toContain(status);
  expect(text).not.toContain('imgmgr"');
});

it.each([
  ['65 KiB', {raw: `{"verb":"${'x'.repeat(66_000)}"}`}, 413],
  ['no JSON', {raw: '{'}, 400],
  ['a form', {raw: 'verb=manage', headers: {'content-type': 'application/x-www-form-urlencoded'}}, 415],
])('a body of %s is refused', async (_, sent, status) => {
  expect((await served.call('POST', '/v1/runs', {token: served.tokens.operator, ...sent})).status).toBe(status);
});

it('a client who goes away in the middle of its body leaves nothing in the log', async () => {
  const before = served.log();
  const headers = {'content-type': 'application/json', 'content-length': '100', expect: '100-continue'};
  const login = head('POST', '/v1/session', {host: `127.0.0.1:${served.port}`, origin: served.origin, ...headers});
  const run = head('POST', '/v1/runs', {authorization: `Bearer ${served.tokens.operator}`, ...headers});
  for (const text of [login, run])
    for (const leave of ['destroy', 'resetAndDestroy'] as const) {
      const raw = await open(served.port, text);
      // The server waits for the body.
      await becomes(() => raw.text().includes('100 Continue'));
      raw.socket.write('{');
      raw.socket[leave]();
    }
  // What was logged is there before the answer to a later call.
  await becomes(async () => (await served.get('/v1/session')).status === 200);
  expect(served.log()).toBe(before);
});

it('what callers send makes no line of the log, and nothing of a terminal', async () => {
  const reason = 'x\u2028admin deletes everything\u202e##[error]z';
  const flags = {until: '2099-01-01', all: true, reason};
  const before = served.log().split('\n').length;
  const answer = await served.post('/v1/runs', {verb: 'hold', clouds: ['admin'], flags});
  expect(answer.status, answer.text).toBe(202);
  await served.over(String(answer.json['id']));
  expect(served.log().split('\n').length - before).toBe(1);
  expect(served.log()).not.toMatch(/[^\P{Cc}\n]|[\p{Zl}\p{Zp}\p{Bidi_Control}]/u);
});

it('no answer has the password of the cloud or a token', async () => {
  for (const {method, path} of ROUTES) {
    if (method !== 'GET') continue;
    const {text} = await served.call('GET', address(path), {token: served.tokens.operator});
    expect(text).not.toContain('fake-secret');
    for (const token of Object.values(served.tokens)) expect(text).not.toContain(token);
  }
  expect(served.log()).not.toContain('fake-secret');
  expect(readFileSync(join(served.folder, 'tokens.json'), 'utf8')).not.toContain(served.tokens.operator);
});

describe('the process', () => {
  it('is the only one on its folder of state: a second says who is there, and ends', async () => {
    const second = await served.imgmgr('serve', '--bind', '127.0.0.1:0', '--cloud', 'admin');
    expect(second.code).not.toBe(0);
    expect(second.err).toMatch(new RegExp(`process ${served.pid}`));
  });

  it('ends at SIGTERM when nothing runs, and another begins where it left off; after kill -9, too', async () => {
    served.kill('SIGTERM');
    expect(await served.ended).toBe(0);
    const next = await served.again();
    expect((await next.get('/v1/session')).status).toBe(200);
    next.kill('SIGKILL');
    await next.ended;
    served = await served.again();
    await becomes(async () => (await served.get('/v1/session')).status === 200);
    expect(existsSync(join(served.folder, 'tokens.json'))).toBe(true);
  });
});
