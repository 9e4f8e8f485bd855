import {chmod, writeFile} from 'node:fs/promises';
import type {IncomingMessage} from 'node:http';
import {join} from 'node:path';
import {beforeEach, describe, expect, it} from 'vitest';
import {ImgmgrError} from '../../../../src/errors.ts';
import {Attempts} from '../../../../src/server/access/attempts.ts';
import {isToken} from '../../../../src/server/access/by-token.ts';
import type {Identity} from '../../../../src/server/access/identity.ts';
import {mayAs, seesAll, seesCloud} from '../../../../src/server/access/identity.ts';
import {Logins} from '../../../../src/server/access/logins.ts';
import {ProxyUsers} from '../../../../src/server/access/proxy.ts';
import {Tokens} from '../../../../src/server/access/tokens.ts';
import {CallError} from '../../../../src/server/errors.ts';
import type {Access} from '../../../../src/server/web/identify.ts';
import {cookieOf, identify, isStillIn} from '../../../../src/server/web/identify.ts';
import {useFolder} from '../../build/folder.ts';
import {Clock} from './clock.ts';

const folder = useFolder();
const PROXY = '192.0.2.7';
const OTHER = '203.0.113.5';
let clock = new Clock();
let access: Access;
let token = '';

beforeEach(async () => {
  clock = new Clock();
  const tokens = new Tokens(folder.path(), clock.now);
  token = await tokens.add({name: 'robot', role: 'viewer', lifeMs: 1000});
  const operators = join(folder.path(), 'operators.yml');
  await writeFile(operators, 'operators: [ann]\n');
  access = {
    ...{tokens, logins: new Logins(tokens, clock), attempts: new Attempts(clock.monotonic), cookie: 'imgmgr-7440'},
    proxy: new ProxyUsers({from: [PROXY], header: 'X-Remote-User', operators}, () => undefined),
  };
});

function request(headers: Readonly<Record<string, string>>, remoteAddress = OTHER): IncomingMessage {
  const headersDistinct = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]));
  return {headers, headersDistinct, socket: {remoteAddress}} as unknown as IncomingMessage;
}

function asked(headers: Readonly<Record<string, string>>, from?: string): Identity | number | undefined {
  try {
    return identify(request(headers, from), access);
  } catch (error) {
    return error instanceof CallError ? error.status : -1;
  }
}

describe('a call with a token', () => {
  it('is its caller, until the token ends', () => {
    const authorization = `Bearer ${token}`;
    expect(asked({authorization})).toMatchObject({user: 'robot', role: 'viewer', by: 'token'});
    expect(asked({authorization: `bearer ${token}`})).toMatchObject({user: 'robot'});
    clock.pass(1000);
    expect(asked({authorization})).toBe(401);
  });

  it.each(['', 'Bearer', 'Bearer ', 'Basic cm9ib3Q6eA==', 'Bearer x y', `Bearer ${'x'.repeat(201)}`, 'Token x'])(
    'that is none (%j) is refused, and counted; after twenty the address waits, but not with a good one',
    (authorization) => {
      for (let attempt = 0; attempt < 20; attempt++) expect(asked({authorization})).toBe(401);
      expect(asked({authorization})).toBe(429);
      expect(asked({authorization: `Bearer ${token}`})).toMatchObject({user: 'robot'});
      expect(asked({authorization})).toBe(429);
      expect(asked({authorization: `Bearer ${token}`}, '203.0.113.6')).toMatchObject({user: 'robot'});
      clock.pass(60_000);
      expect(asked({authorization})).toBe(401);
    },
  );

  it('is let in, as a cookie is, where the address sent twenty wrong cookies; these wait', () => {
    const {secret = ''} = access.logins.withCode(access.logins.newCode('ann')) ?? {};
    const wrong = {cookie: 'imgmgr-7440=none'};
    for (let attempt = 0; attempt < 20; attempt++) expect(asked(wrong)).toBeUndefined();
    expect(asked(wrong)).toBe(429);
    expect(asked({cookie: `imgmgr-7440=${secret}`})).toMatchObject({user: 'ann'});
    expect(asked({authorization: `Bearer ${token}`})).toMatchObject({user: 'robot'});
    expect(asked({})).toBeUndefined();
    expect(asked({...wrong, 'x-remote-user': 'ann'}, PROXY)).toMatchObject({user: 'ann'});
    expect(isStillIn(request(wrong), access)).toBe(false);
  });

  it('is neither the cookie nor the user of the proxy that come with it', () => {
    const {secret = ''} = access.logins.withCode(access.logins.newCode('ann')) ?? {};
    const more = {cookie: `imgmgr-7440=${secret}`, 'x-remote-user': 'ann'};
    expect(asked({authorization: `Bearer ${token}`, ...more}, PROXY)).toMatchObject({user: 'robot', role: 'viewer'});
    expect(asked({authorization: 'Bearer imgmgr_none', ...more}, PROXY)).toBe(401);
  });

  it('tells a stranger nothing of the file where it cannot be read', async () => {
    await chmod(join(folder.path(), 'tokens.json'), 0o644);
    let thrown: unknown;
    try {
      identify(request({authorization: `Bearer ${token}`}), access);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toMatchObject({status: 503, code: 'UNAVAILABLE'});
    expect((thrown as ImgmgrError).message).not.toContain('/');
    expect((thrown as ImgmgrError).cause).toBeInstanceOf(ImgmgrError);
  });
});

describe('a call of a browser', () => {
  it('is who logged in, by a cookie of the name of this server', () => {
    const {secret = ''} = access.logins.withCode(access.logins.newCode('ann')) ?? {};
    expect(asked({cookie: `a=b; imgmgr-7440=${secret}`})).toMatchObject({user: 'ann', by: 'cookie'});
    for (const cookie of [`imgmgr-7441=${secret}`, `IMGMGR-7440=${secret}`, secret, `imgmgr-7440=${secret}x`, ''])
      expect(asked({cookie})).toBeUndefined();
    expect(asked({})).toBeUndefined();
  });

  it.each([
    ['imgmgr-7440=x', 'x'],
    ['a=1;imgmgr-7440=x;b=2', 'x'],
    [' imgmgr-7440 = x ', 'x'],
    ['imgmgr-7440=', ''],
    ['imgmgr-7440=x=y', 'x=y'],
    ['imgmgr-7440=first; imgmgr-7440=second', 'first'],
    ['imgmgr-7440', undefined],
    ['=imgmgr-7440=x', undefined],
    ['ximgmgr-7440=x', undefined],
    [';;;', undefined],
  ])('cookie %j: %j', (cookie, secret) => {
    expect(cookieOf(request({cookie}), 'imgmgr-7440')).toBe(secret);
  });
});

describe('a call of the proxy', () => {
  it('is whom its header names; the same header from elsewhere is nothing', () => {
    expect(asked({'x-remote-user': 'ann'}, PROXY)).toMatchObject({user: 'ann', role: 'operator', by: 'proxy'});
    expect(asked({'x-remote-user': 'ann'}, `::ffff:${PROXY}`)).toMatchObject({user: 'ann'});
    for (const headers of [{}, {'x-forwarded-for': PROXY}, {'x-real-ip': PROXY}, {forwarded: `for=${PROXY}`}])
      expect(asked({'x-remote-user': 'ann', ...headers}, OTHER)).toBeUndefined();
  });

  it.each(['Basic YW5uOnNlY3JldA==', 'Bearer header.claims.signature', 'Negotiate YII='])(
    'brings along what the user logged in with at the proxy (%s), which counts for nothing',
    (authorization) => {
      for (let call = 0; call < 30; call++)
        expect(asked({authorization, 'x-remote-user': 'ann'}, PROXY)).toMatchObject({user: 'ann', by: 'proxy'});
      expect(asked({authorization}, PROXY)).toBeUndefined();
      expect(asked({authorization, 'x-remote-user': 'ann'}, OTHER)).toBe(401);
      // So the browser sends it by itself: it protects against no other site.
      expect(isToken(authorization)).toBe(false);
    },
  );
});

it('a role may what stands before it; a pattern limits what is seen', () => {
  expect([mayAs('viewer', 'metrics'), mayAs('viewer', 'viewer'), mayAs('viewer', 'operator')]).toEqual([
    ...[true, true, false],
  ]);
  expect([seesCloud({}, 'a'), seesCloud({clouds: 'prod-*'}, 'prod-a'), seesCloud({clouds: 'prod-*'}, 'prod')]).toEqual([
    ...[true, true, false],
  ]);
  expect([seesAll({}, []), seesAll({clouds: '*'}, []), seesAll({clouds: 'a?'}, ['a1', 'b1'])]).toEqual([
    ...[true, false, false],
  ]);
});
