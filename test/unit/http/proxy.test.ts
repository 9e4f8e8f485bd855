import {createServer} from 'node:http';
import type {ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';
import {describe, expect, onTestFinished, test} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import type {ProxyEnv} from '../../../src/http.ts';
import {createHttp, HttpError} from '../../../src/http.ts';
import {checkProxies} from '../../../src/http/proxy.ts';
import {proxyForUrl} from '../../../src/http/proxy.ts';
import {refusal} from '../../../src/openstack/refusal.ts';
import {failure, request, source} from '../sources/under-test.ts';

/** A proxy that answers plain requests and refuses or accepts tunnels with one status; remembers the login that it got. */
async function serveProxy(status: number): Promise<{readonly host: string; readonly logins: (string | undefined)[]}> {
  const logins: (string | undefined)[] = [];
  const server = createServer((asked, response: ServerResponse) => {
    logins.push(asked.headers['proxy-authorization']);
    response.writeHead(status).end('{}');
  });
  server.on('connect', (asked, socket) => {
    logins.push(asked.headers['proxy-authorization']);
    socket.end(`HTTP/1.1 ${status} No\r\nContent-Length: 0\r\n\r\n`);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return {host: `127.0.0.1:${(server.address() as AddressInfo).port}`, logins};
}

async function ask(url: string, env: ProxyEnv): Promise<unknown> {
  const http = createHttp({proxy: 'environment', env});
  onTestFinished(() => http.close());
  return http
    .request({method: 'GET', url, response: 'json', expect: [200], timeoutMs: 5000, retry: false})
    .catch((error: unknown) => error);
}

const basic = (login: string): string => `Basic ${Buffer.from(login).toString('base64')}`;

describe('L: proxies', () => {
  test.each(['http://far.example/', 'https://far.example/'])(
    'user and password are percent-decoded, as curl does: %s',
    async (url) => {
      const proxy = await serveProxy(200);
      await ask(url, {all_proxy: `http://me%40corp:p%3Aa%2Fss%25@${proxy.host}`});
      expect(proxy.logins).toEqual([basic('me@corp:p:a/ss%')]);
    },
  );

  test.each(['http_proxy', 'HTTP_PROXY', 'ALL_PROXY'])('without a scheme %s means http://', async (variable) => {
    const proxy = await serveProxy(200);
    expect(await ask('http://far.example/', {[variable]: proxy.host})).toMatchObject({status: 200});
    expect(proxy.logins).toHaveLength(1);
  });

  test('without a scheme HTTPS_PROXY means http://, too', () => {
    expect(proxyForUrl('https://far.example/', {HTTPS_PROXY: 'me:pw@proxy.example:3128'})).toEqual({
      shown: 'http://proxy.example:3128',
      variable: 'HTTPS_PROXY',
      protocol: 'http',
      host: 'proxy.example',
      port: 3128,
      auth: {username: 'me', password: 'pw'},
    });
  });

  test.each([
    ['http', 'http_proxy', '', 'wants a user and a password'],
    ['https', 'HTTPS_PROXY', '', 'wants a user and a password'],
    ['https', 'HTTPS_PROXY', 'me:s3cr3t@', 'refuses the user or password'],
  ])('a 407 names the proxy and its variable: %s, %s, %s', async (scheme, variable, login, wants) => {
    const proxy = await serveProxy(407);
    const env = {[variable]: `http://${login}${proxy.host}`};
    const error = await ask(`${scheme}://far.example/`, env);
    if (!(error instanceof HttpError)) throw new Error(`unexpected: ${String(error)}`);
    expect(error.message).toBe(`the proxy http://${proxy.host} (${variable}) ${wants} (407)`);
    expect(refusal(error)).toMatchObject({code: 'CONFIG', hint: expect.stringContaining('percent-encoded') as string});
    const http = createHttp({proxy: 'environment', env});
    const refused = await failure(source({http}).open(request(`${scheme}://far.example/a.img`)));
    expect([refused.code, refused.message]).toEqual([
      'SOURCE_REFUSED',
      `${scheme}://far.example/a.img cannot be read: ${error.message}`,
    ]);
  });

  test.each(['http', 'https'])('a proxy of %s that cannot be reached is named with its variable', async (scheme) => {
    const variable = `${scheme}_proxy`;
    expect(await ask(`${scheme}://far.example/`, {[variable]: 'http://127.0.0.1:1'})).toMatchObject({
      kind: 'connect',
      message: expect.stringContaining(`the proxy http://127.0.0.1:1 (${variable}) cannot be reached:`) as string,
    });
  });

  test.each([
    ['ALL_PROXY', 'socks5://me:s3cr3t@proxy.example:1080', 'names a proxy of the kind socks5, which imgmgr cannot use'],
    ['https_proxy', 'socks5h://proxy.example', 'names a proxy of the kind socks5h, which imgmgr cannot use'],
    ['HTTP_PROXY', 'http://me:s3%zz@proxy.example', 'has a user or password with a % that begins no code'],
    ['HTTP_PROXY', 'http://', 'is no address of a proxy'],
  ])('%s=%s is an error of the configuration', (variable, value, what) => {
    const thrown = (() => {
      try {
        checkProxies({[variable]: value});
      } catch (error) {
        return error;
      }
      return undefined;
    })();
    expect(thrown).toBeInstanceOf(ImgmgrError);
    expect(thrown).toMatchObject({
      code: 'CONFIG',
      message: `${variable} ${what}`,
      place: `environment variable ${variable}`,
    });
    expect(() => createHttp({proxy: 'environment', env: {[variable]: value}})).toThrow(what);
  });

  test('a variable that does not count is not judged', () => {
    const env = {http_proxy: 'http://a.example', https_proxy: 'http://a.example', all_proxy: 'socks5://b.example'};
    expect(() => checkProxies(env)).not.toThrow();
  });

  test.each([
    ['*', 'http://far.example/', true],
    ['far.example', 'http://far.example/', true],
    ['.example', 'http://far.example/', true],
    ['*.example', 'http://far.example/', true],
    ['example', 'http://far.example/', true],
    ['FAR.example', 'http://far.example/', true],
    ['ar.example', 'http://far.example/', false],
    ['near.example, far.example', 'http://far.example/', true],
    ['far.example:80', 'http://far.example/', true],
    ['far.example:81', 'http://far.example/', false],
    ['far.example:443', 'https://far.example/', true],
    ['127.0.0.1', 'http://127.0.0.1:5000/', true],
    ['127.0.0.0/8', 'http://127.9.9.9/', true],
    ['10.0.0.0/8', 'http://11.0.0.1/', false],
    ['10.0.0.0/99', 'http://10.0.0.1/', false],
    ['::1', 'http://[::1]:5000/', true],
    ['[::1]:5000', 'http://[::1]:5000/', true],
    ['fd00::/8', 'http://[fd12::1]/', true],
    ['', 'http://far.example/', false],
  ])('NO_PROXY=%s exempts %s: %s', (noProxy, url, exempt) => {
    const env = {http_proxy: 'http://p.example', https_proxy: 'http://p.example', NO_PROXY: noProxy};
    expect(proxyForUrl(url, env) === undefined).toBe(exempt);
  });
});
