import type {RequestListener} from 'node:http';
import {afterEach, beforeEach, describe, expect, test} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import {createHttp} from '../../../src/http.ts';
import type {CloudAuth, OpenStackCloud} from '../../../src/core/resolved-cloud.ts';
import {identityBase, logIn} from '../../../src/openstack/login.ts';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {serve} from '../http/local-server.ts';
import {cloudOf} from './fake.ts';

const http = createHttp({proxy: 'none'});
let fake: FakeCloud;

beforeEach(async () => {
  fake = await startFakeCloud();
});

afterEach(async () => {
  await fake.close();
});

function cloudWith(auth: CloudAuth): OpenStackCloud {
  return {...cloudOf(fake, 'admin'), name: 'mine', auth};
}

function byPassword(change: {password?: string; authUrl?: string} = {}): OpenStackCloud {
  const {auth} = cloudOf(fake, 'admin');
  if (auth.type !== 'password') throw new Error('not a password login');
  return cloudWith({...auth, ...change});
}

async function failure(cloud: OpenStackCloud): Promise<ImgmgrError> {
  const error: unknown = await logIn(http, cloud).catch((reason: unknown) => reason);
  expect(error).toBeInstanceOf(ImgmgrError);
  return error as ImgmgrError;
}

async function atServer(handler: RequestListener): Promise<ImgmgrError> {
  const server = await serve(handler);
  try {
    return await failure(byPassword({authUrl: `${server.url}/identity`}));
  } finally {
    await server.close();
  }
}

describe('one call', () => {
  test('logs in by password, and brings the project, the roles and the catalog', async () => {
    const login = await logIn(http, byPassword());
    expect(login.account).toEqual({
      projectId: fake.accounts.admin.projectId,
      projectName: 'admin',
      userName: 'admin',
      roles: ['admin', 'member', 'reader'],
    });
    expect(login.lifeMs).toBe(3_600_000);
    expect(login.catalog.map(({type}) => type)).toEqual(['identity', 'image', 'compute', 'network', 'volumev3']);
    expect(fake.requests).toHaveLength(1);
  });

  test('logs in by application credential, id or name, without a scope', async () => {
    const {id, name, secret} = fake.accounts.admin.applicationCredential;
    const authUrl = fake.authUrl;
    const user = {name: 'admin', domain: {id: 'default'}};
    for (const credential of [{id}, {name, user}])
      expect(
        (await logIn(http, cloudWith({type: 'application-credential', authUrl, secret, credential}))).account
          ?.projectName,
      ).toBe('admin');
    for (const {body} of fake.requests) expect(JSON.stringify(body)).not.toContain('scope');
  });

  test('logs in by token', async () => {
    const scope = {type: 'project', project: {name: 'member', domain: {name: 'Default'}}} as const;
    const auth: CloudAuth = {type: 'token', authUrl: fake.authUrl, token: fake.token('member'), scope};
    expect((await logIn(http, cloudWith(auth))).account?.userName).toBe('member');
  });

  test.each(['http://k:5000', 'http://k:5000/', 'http://k:5000/v3', 'http://k:5000/v3/', 'http://k:5000/v2.0'])(
    'finds v3 from %s',
    (authUrl) => {
      expect(identityBase(authUrl)).toBe('http://k:5000/v3');
    },
  );

  test('sends every kind of scope as Keystone has it', async () => {
    const bodies: string[] = [];
    const server = await serve((request, response) => {
      const chunks: Buffer[] = [];
      request.on('data', (chunk: Buffer) => chunks.push(chunk));
      request.on('end', () => {
        bodies.push(Buffer.concat(chunks).toString());
        response.writeHead(401).end('{}');
      });
    });
    const base = {type: 'token', authUrl: server.url, token: 't'} as const;
    await failure(cloudWith({...base, scope: {type: 'project', project: {id: 'p'}}}));
    await failure(cloudWith({...base, scope: {type: 'project', project: {name: 'p', domain: {name: 'd'}}}}));
    await failure(cloudWith({...base, scope: {type: 'domain', domain: {id: 'd'}}}));
    await failure(cloudWith({...base, scope: {type: 'system'}}));
    await server.close();
    const scopes = bodies.map((body) => (JSON.parse(body) as {auth: {scope?: unknown}}).auth.scope);
    expect(scopes).toEqual([
      {project: {id: 'p'}},
      {project: {name: 'p', domain: {name: 'd'}}},
      {domain: {id: 'd'}},
      {system: {all: true}},
    ]);
  });
});

describe('a login that fails', () => {
  test('for a wrong password is AUTH, says who and where, and never the password', async () => {
    const error = await failure(byPassword({password: 'hunter2'}));
    expect(error).toMatchObject({
      code: 'AUTH',
      message: `cloud 'mine' refused the login of user 'admin' at ${fake.authUrl}: The request you have made requires authentication.`,
      hint: expect.stringContaining('password') as unknown,
      place: expect.stringMatching(/^POST \/identity\/v3\/auth\/tokens/) as unknown,
    });
    expect(JSON.stringify([error.message, error.hint, error.place, error.cause])).not.toContain('hunter2');
  });

  test('for a wrong token says that it cannot be renewed here', async () => {
    const scope = {type: 'project', project: {id: 'p'}} as const;
    const error = await failure(cloudWith({type: 'token', authUrl: fake.authUrl, token: 'old', scope}));
    expect(error).toMatchObject({code: 'AUTH', hint: expect.stringContaining('get a new one') as unknown});
  });

  test('because it would be by a trust is CONFIG, and nobody is asked', async () => {
    const scope = {type: 'trust', id: 't'} as const;
    expect(await failure(cloudWith({type: 'token', authUrl: fake.authUrl, token: 'x', scope}))).toMatchObject({
      code: 'CONFIG',
      message: 'cloud mine logs in by a trust, which imgmgr does not do',
    });
    expect(fake.requests).toEqual([]);
  });

  test('because nobody answers is UNAVAILABLE with the address', async () => {
    const gone = await serve(() => undefined);
    await gone.close();
    const error = await failure(byPassword({authUrl: gone.url}));
    expect(error).toMatchObject({code: 'UNAVAILABLE', message: expect.stringContaining(gone.url) as unknown});
  });

  test('with 503 is tried again, then UNAVAILABLE', async () => {
    let asked = 0;
    const error = await atServer((_, response) => {
      asked += 1;
      response.writeHead(503).end();
    });
    expect(error.code).toBe('UNAVAILABLE');
    expect(asked).toBe(3);
  });

  test.each<[string, RequestListener]>([
    ['404', (_, response) => response.writeHead(404).end('not here')],
    ['a choice of versions', (_, response) => response.writeHead(300).end('{}')],
    ['a web page', (_, response) => response.writeHead(200).end('<html>')],
    ['JSON that is no token', (_, response) => response.writeHead(201, {'X-Subject-Token': 't'}).end('{}')],
    ['a token without its header', (_, response) => response.writeHead(201).end('{"token": {}}')],
    ['a redirect', (_, response) => response.writeHead(301, {Location: 'https://elsewhere/'}).end()],
    [
      'a request that it does not understand',
      (_, response) => response.writeHead(400).end('{"error": {"message": "no domain"}}'),
    ],
  ])('with %s is CONFIG that names auth_url', async (_, handler) => {
    const error = await atServer(handler);
    expect(error).toMatchObject({code: 'CONFIG', hint: expect.stringContaining('auth_url') as unknown});
  });
});
