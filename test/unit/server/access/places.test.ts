import {writeFile} from 'node:fs/promises';
import type {IncomingMessage} from 'node:http';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import type {ImgmgrError} from '../../../../src/errors.ts';
import {isLoopback, ownAddress, readUrl, shownAddress} from '../../../../src/server/access/own-address.ts';
import {foreignSite} from '../../../../src/server/access/same-origin.ts';
import type {ServeChoice} from '../../../../src/server/options.ts';
import {placementOf} from '../../../../src/server/options.ts';
import {useFolder} from '../../build/folder.ts';
import {OTHER_TLS} from './other-tls.ts';

const folder = useFolder();

const CHOICE: ServeChoice = {
  ...{clouds: [], images: [], behindProxy: [], allowWrite: false, allowBuild: false, graceMs: 0},
  bind: {host: '127.0.0.1', port: 7440},
};
const TLS = {tlsCert: 'chain.pem', tlsKey: 'key.pem'};
const PROXY = {behindProxy: ['10.1.0.0/16'], userHeader: 'X-Remote-User', operators: 'operators.yml'};
const URL_TEXT = 'https://images.example.org';

describe('where the server may listen', () => {
  it.each(['127.0.0.1', '127.9.9.9', '::1', 'localhost'])('%s needs nothing', (host) => {
    expect(placementOf({...CHOICE, bind: {host, port: 1}})).toEqual({listen: {host, port: 1}, isSecure: false});
    expect(isLoopback(host)).toBe(true);
  });

  it.each(['0.0.0.0', '::', '192.0.2.1', '::ffff:127.0.0.1', '0', 'images.example.org', '127.0.0.1.example.org', ''])(
    '%j takes TLS, or a proxy and its address',
    (host) => {
      const bind = {host, port: 7440};
      expect(refused({bind})).toMatch(/is no address of this host alone.*nothing protects/);
      expect(refused({bind, url: URL_TEXT})).toMatch(/nothing protects/);
      expect(placementOf({...CHOICE, bind, ...TLS})).toMatchObject({
        isSecure: true,
        listen: {tls: {cert: 'chain.pem'}},
      });
      expect(placementOf({...CHOICE, bind, ...PROXY, url: URL_TEXT})).toMatchObject({
        ...{isSecure: true, proxy: {from: ['10.1.0.0/16'], header: 'X-Remote-User'}},
      });
    },
  );

  it.each<[string, Partial<ServeChoice>, RegExp]>([
    ['a certificate alone', {tlsCert: 'a'}, /belong together/],
    ['a key alone', {tlsKey: 'a'}, /belong together/],
    ['builds without runs', {allowBuild: true}, /--allow-write/],
    ['a proxy without a header', {behindProxy: ['10.0.0.1'], operators: 'o'}, /belong together/],
    ['a header without a proxy', {userHeader: 'X-Remote-User', operators: 'o'}, /belong together/],
    ['operators without a proxy', {operators: 'o'}, /belong together/],
    ['a proxy without an address for browsers', PROXY, /needs --url/],
    ...(['Cookie', 'authorization', 'Host', 'X-Forwarded-For', 'Forwarded', 'X-Real-IP', 'Origin'] as const).map(
      (userHeader): [string, Partial<ServeChoice>, RegExp] => [
        `the header ${userHeader}, which everybody sends`,
        {...PROXY, userHeader, url: URL_TEXT},
        /names a user/,
      ],
    ),
    ['a header that is none', {...PROXY, userHeader: 'X Remote', url: URL_TEXT}, /names a user/],
  ])('not with %s', (_, flags, reason) => {
    expect(refused(flags)).toMatch(reason);
  });

  it.each([
    'images.example.org',
    'ftp://a',
    'https://a/b',
    'https://a?b',
    'https://a#b',
    'https://u:p@a',
    'https://',
    '',
  ])('browsers cannot be told %j', (text) => {
    expect(() => readUrl(text)).toThrow(expect.objectContaining({code: 'USAGE'}) as ImgmgrError);
  });
});

function refused(flags: Partial<ServeChoice>): string {
  try {
    placementOf({...CHOICE, ...flags});
  } catch (error) {
    expect((error as ImgmgrError).code).toBe('USAGE');
    return (error as ImgmgrError).message;
  }
  return '';
}

describe('the names of the server', () => {
  it('are those of its loopback address, of its certificate, and of --url; a name for many says none', async () => {
    const cert = join(folder.path(), 'cert.pem');
    await writeFile(cert, OTHER_TLS.cert);
    const tls = {cert, key: ''};
    expect([...ownAddress({host: '127.0.0.1', port: 7440}, undefined).hosts].sort()).toEqual([
      ...['127.0.0.1:7440', '[::1]:7440', 'localhost:7440'],
    ]);
    expect([...ownAddress({host: '0.0.0.0', port: 443, tls}, undefined).hosts].sort()).toEqual([
      ...['[2001:db8:0:0:0:0:0:7]', '[2001:db8:0:0:0:0:0:7]:443', 'images.example.org', 'images.example.org:443'],
    ]);
    expect(ownAddress({host: '::', port: 1}, new URL(URL_TEXT))).toEqual({
      ...{scheme: 'https', hosts: new Set(['images.example.org'])},
    });
    expect(shownAddress({host: '0.0.0.0', port: 8443, tls}, undefined)).toBe('https://images.example.org:8443');
    expect(shownAddress({host: '::1', port: 7440}, undefined)).toBe('http://[::1]:7440');
    expect(shownAddress({host: '::1', port: 7440}, new URL(URL_TEXT))).toBe(URL_TEXT);
  });
});

const OWN = {scheme: 'https', hosts: new Set(['images.example.org'])} as const;

function site(headers: Readonly<Record<string, string>>, {method = 'GET', ambient = true, hosts = 1} = {}): string {
  const all = {host: 'images.example.org', ...headers};
  const headersDistinct = {host: Array.from({length: hosts}, () => all.host)};
  return foreignSite({headers: all, headersDistinct, method} as unknown as IncomingMessage, OWN, ambient) ?? '';
}

describe('a call that a browser sends', () => {
  it.each([
    ['a page of the server', {origin: URL_TEXT, 'sec-fetch-site': 'same-origin'}, 'POST'],
    ['the server under another spelling', {host: 'Images.Example.ORG'}, 'GET'],
    ['a person who typed the address', {'sec-fetch-site': 'none'}, 'GET'],
    ['an old browser', {}, 'GET'],
  ])('by %s is taken', (_, headers, method) => {
    expect(site(headers, {method})).toBe('');
  });

  it.each([
    ['a page under a rebound name', {host: 'rebound.example.test'}, 'GET', /Host/],
    ['a page under another port', {host: 'images.example.org:81'}, 'GET', /Host/],
    ['a page under a name that begins so', {host: 'images.example.org.evil.test'}, 'GET', /Host/],
    ['a page of another site', {origin: 'https://evil.test'}, 'GET', /Origin/],
    ['a page without an origin', {origin: 'null'}, 'POST', /Origin/],
    ['a page over plain HTTP', {origin: 'http://images.example.org'}, 'POST', /Origin/],
    ['a page of a host below', {origin: 'https://a.images.example.org'}, 'POST', /Origin/],
    ['a page whose name ends so', {origin: 'https://evilimages.example.org'}, 'POST', /Origin/],
    ['another site of the same domain', {'sec-fetch-site': 'same-site'}, 'GET', /Sec-Fetch-Site/],
    ['another site', {'sec-fetch-site': 'cross-site'}, 'GET', /Sec-Fetch-Site/],
    ['whatever sends no origin', {}, 'POST', /needs an Origin/],
    ['whatever sends no origin', {}, 'DELETE', /needs an Origin/],
  ])('by %s is refused', (_, headers, method, reason) => {
    expect(site(headers, {method})).toMatch(reason);
  });

  it('with two Host headers, or none, is refused', () => {
    expect(site({}, {hosts: 2})).toMatch(/Host/);
    expect(site({host: ''})).toMatch(/Host/);
  });

  it('with a token may come under any name, but not from a page of another site', () => {
    expect(site({host: 'anything'}, {ambient: false, method: 'POST'})).toBe('');
    expect(site({origin: 'https://evil.test'}, {ambient: false})).toMatch(/Origin/);
    expect(site({'sec-fetch-site': 'cross-site'}, {ambient: false})).toMatch(/Sec-Fetch-Site/);
  });
});
