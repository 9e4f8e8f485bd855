import {rm, writeFile} from 'node:fs/promises';
import type {IncomingMessage} from 'node:http';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {ImgmgrError} from '../../../../src/errors.ts';
import {ProxyUsers} from '../../../../src/server/access/proxy.ts';
import {useFolder} from '../../build/folder.ts';

const folder = useFolder();
const file = (): string => join(folder.path(), 'operators.yml');
let passedMs = 0;
const warned: string[] = [];

beforeEach(async () => {
  passedMs = 0;
  warned.length = 0;
  vi.spyOn(performance, 'now').mockImplementation(() => 1000 + passedMs);
  await writeFile(file(), 'operators: [ann]\n');
});
afterEach(() => void vi.restoreAllMocks());

function users(...from: readonly string[]): ProxyUsers {
  const choice = {from, header: 'X-Remote-User', operators: file()};
  return new ProxyUsers(choice, (text) => void warned.push(text));
}

function request(headers: Readonly<Record<string, readonly string[]>>): IncomingMessage {
  return {headersDistinct: headers} as unknown as IncomingMessage;
}

const named = (user: string): IncomingMessage => request({'x-remote-user': [user]});

describe('an address of the proxy', () => {
  it.each([
    ['10.1.0.0/16', '10.1.255.255', true],
    ['10.1.0.0/16', '10.2.0.0', false],
    ['10.1.0.0/16', '::ffff:10.1.2.3', true],
    ['10.1.0.0/16', '::ffff:10.2.2.3', false],
    ['10.1.0.0/16', '::ffff:a01:203', true],
    ['10.1.0.0/16', '2001:db8::a01:203', false],
    ['10.1.0.0/16', '::10.1.2.3', false],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7', '192.0.2.8', false],
    ['0.0.0.0/0', '203.0.113.9', true],
    ['0.0.0.0/0', '2001:db8::1', false],
    ['2001:db8::/64', '2001:db8::ffff', true],
    ['2001:db8::/64', '2001:DB8:0:0:1::1', true],
    ['2001:db8::/64', '2001:db8:0:1::1', false],
    ['2001:db8::7', '2001:db8::7', true],
    ['::1', '::1', true],
    ['::1', '127.0.0.1', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['10.1.0.0/16', 'fe80::1%eth0', false],
    ['10.1.0.0/16', '', false],
    ['10.1.0.0/16', 'proxy.example.test', false],
    ['10.1.0.0/16', '10.1.2.3.4', false],
  ])('%s has %s: %s', (cidr, address, is) => {
    const of = users(cidr);
    expect(of.isFrom(address)).toBe(is);
    expect(of.identify(named('ann'), address) !== undefined).toBe(is);
  });

  it('is one of several networks', () => {
    const of = users('192.0.2.0/28', '2001:db8::/64');
    expect(['192.0.2.15', '2001:db8::1', '192.0.2.16'].map((address) => of.isFrom(address))).toEqual([
      ...[true, true, false],
    ]);
  });

  it.each([
    '',
    'proxy',
    '10.1.0.0/33',
    '2001:db8::/129',
    '10.1.0.0/16/8',
    '10.1/16',
    '10.1.0.0/-1',
    '10.1.0.0/ 8',
    '10.1.0.0/',
  ])('cannot be written %j', (cidr) => {
    expect(() => users(cidr)).toThrow(expect.objectContaining({code: 'USAGE'}) as ImgmgrError);
  });
});

describe('the user whom the proxy names', () => {
  it('is an operator by the file, a viewer otherwise', () => {
    const of = users('192.0.2.7');
    expect(of.identify(named('ann'), '192.0.2.7')).toEqual({user: 'ann', role: 'operator', by: 'proxy'});
    for (const user of ['bob', 'Ann', 'ann ', 'ann,bob', 'operators'])
      expect(of.identify(named(user), '192.0.2.7')).toEqual({user, role: 'viewer', by: 'proxy'});
  });

  it('may nothing where the file lists the viewers, too, and not that one', async () => {
    await writeFile(file(), 'operators: [ann]\nviewers: [bob]\n');
    const of = users('192.0.2.7');
    const role = (user: string): string | undefined => of.identify(named(user), '192.0.2.7')?.role;
    expect([role('ann'), role('bob'), role('eve')]).toEqual(['operator', 'viewer', undefined]);
  });

  it.each([
    ['nobody', {}],
    ['an empty name', {'x-remote-user': ['']}],
    ['two, one of which the client sent', {'x-remote-user': ['ann', 'eve']}],
    ['twice the same', {'x-remote-user': ['ann', 'ann']}],
    ['a long name', {'x-remote-user': ['x'.repeat(201)]}],
    ['somebody in another header', {'x-forwarded-user': ['ann'], x_remote_user: ['ann'], 'remote-user': ['ann']}],
  ])('is nobody: %s', (_, headers) => {
    expect(users('192.0.2.7').identify(request(headers), '192.0.2.7')).toBeUndefined();
  });
});

describe('the file of operators', () => {
  it('is read again when it changed, at most every five seconds', async () => {
    const of = users('192.0.2.7');
    const role = (user: string): string | undefined => of.identify(named(user), '192.0.2.7')?.role;
    expect([role('ann'), role('bob')]).toEqual(['operator', 'viewer']);
    await writeFile(file(), 'operators: [bob, carl]\n');
    passedMs += 4999;
    expect([role('ann'), role('bob')]).toEqual(['operator', 'viewer']);
    passedMs += 1;
    expect([role('ann'), role('bob')]).toEqual(['viewer', 'operator']);
    expect(warned).toEqual([]);
  });

  it.each(['operators: ann\n', 'operators: [ann', 'admins: [ann]\n', 'operators: [1]\n', '\xff'])(
    'lets nobody in while it says %j, and says so once',
    async (text) => {
      const of = users('192.0.2.7');
      const seen = (): unknown => of.identify(named('ann'), '192.0.2.7');
      expect(seen()).toBeDefined();
      await writeFile(file(), text, 'latin1');
      for (let look = 0; look < 3; look++) {
        passedMs += 5000;
        expect(seen()).toBeUndefined();
      }
      expect(warned).toEqual([expect.stringContaining('no user of the proxy is let in')]);
      await writeFile(file(), 'operators: [ann, bob]\n');
      passedMs += 5000;
      expect(seen()).toBeDefined();
    },
  );

  it('lets nobody in while it is gone; at the start it has to be there', async () => {
    const of = users('192.0.2.7');
    await rm(file());
    passedMs += 5000;
    expect(of.identify(named('ann'), '192.0.2.7')).toBeUndefined();
    expect(() => users('192.0.2.7')).toThrow(expect.objectContaining({code: 'CONFIG'}) as ImgmgrError);
  });
});
