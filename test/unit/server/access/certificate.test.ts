import {once} from 'node:events';
import {chmod, rename, rm, stat, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {connect} from 'node:tls';
import {afterEach, beforeEach, describe, expect, it, vi} from 'vitest';
import type {ImgmgrError} from '../../../../src/errors.ts';
import {followCertificate, readCertificate} from '../../../../src/server/web/certificate.ts';
import type {Listener} from '../../../../src/server/web/listener.ts';
import {listen} from '../../../../src/server/web/listener.ts';
import {useFolder} from '../../build/folder.ts';
import {TEST_TLS} from '../../http/test-tls.ts';
import {OTHER_TLS} from './other-tls.ts';

const folder = useFolder();
const path = (name: string): string => join(folder.path(), name);
const LOOK_MS = 15_000;
let listener: Listener | undefined;
let log: string[] = [];
let renewed = 0;
let stop = (): void => undefined;

beforeEach(async () => {
  vi.useFakeTimers({toFake: ['setInterval', 'clearInterval']});
  [log, renewed] = [[], 0];
  await write(TEST_TLS);
});
afterEach(async () => {
  stop();
  await listener?.close();
  listener = undefined;
  vi.useRealTimers();
});

async function write({cert, key}: typeof TEST_TLS): Promise<void> {
  await writeFile(path('cert.pem'), cert);
  await writeFile(path('key.pem'), key, {mode: 0o600});
}

async function begin(): Promise<Listener> {
  const files = {cert: path('cert.pem'), key: path('key.pem')};
  const opened = await listen(
    {host: '127.0.0.1', port: 0},
    {handler: (_, response) => void response.end('ok'), certificate: readCertificate(files)},
  );
  listener = opened;
  const renew = (certificate: Parameters<Listener['renew']>[0]): void => {
    opened.renew(certificate);
    renewed += 1;
  };
  stop = followCertificate(files, {renew, log: (text) => void log.push(text)});
  return opened;
}

/** Whose certificate a new connection is shown. */
async function shown({port}: Listener): Promise<string> {
  const socket = connect({host: '127.0.0.1', port, rejectUnauthorized: false});
  try {
    await once(socket, 'secureConnect');
    return String(socket.getPeerCertificate().subject.CN);
  } finally {
    socket.destroy();
  }
}

describe('the certificate', () => {
  it('is read again when it changed, for new connections; nothing is cut', async () => {
    const server = await begin();
    const open = connect({host: '127.0.0.1', port: server.port, rejectUnauthorized: false});
    await once(open, 'secureConnect');
    expect(await shown(server)).toBe('imgmgr test');
    await write(OTHER_TLS);
    expect(await shown(server)).toBe('imgmgr test');
    vi.advanceTimersByTime(LOOK_MS);
    expect(await shown(server)).toBe('imgmgr other');
    expect([log, renewed]).toEqual([['the certificate was read again'], 1]);
    open.write('GET / HTTP/1.1\r\nhost: a\r\n\r\n');
    const [answer] = (await once(open, 'data')) as [Buffer];
    expect(answer.toString('latin1')).toMatch(/^HTTP\/1\.1 200/);
    open.destroy();
    vi.advanceTimersByTime(LOOK_MS);
    expect(renewed).toBe(1);
  });

  it('stays the old one while only one file is new, or none can be read, until both fit', async () => {
    const server = await begin();
    await writeFile(path('cert.pem'), OTHER_TLS.cert);
    vi.advanceTimersByTime(LOOK_MS);
    await rm(path('cert.pem'));
    vi.advanceTimersByTime(LOOK_MS);
    await write(OTHER_TLS);
    await chmod(path('key.pem'), 0o644);
    vi.advanceTimersByTime(LOOK_MS);
    expect(await shown(server)).toBe('imgmgr test');
    expect(log).toEqual([
      expect.stringMatching(/^the old certificate stays: .* cannot be used$/),
      expect.stringMatching(/^the old certificate stays: .* is not there$/),
      expect.stringMatching(/^the old certificate stays: .* can be read by everybody$/),
    ]);
    await rm(path('key.pem'));
    await write(OTHER_TLS);
    vi.advanceTimersByTime(LOOK_MS);
    expect([await shown(server), renewed]).toEqual(['imgmgr other', 1]);
  });

  it('is read again though the new files have the time of the old ones', async () => {
    const server = await begin();
    const {atime, mtime} = await stat(path('cert.pem'));
    for (const [name, text] of Object.entries({'cert.pem': OTHER_TLS.cert, 'key.pem': OTHER_TLS.key})) {
      const {mtime: time} = await stat(path(name));
      await writeFile(path('new'), text, {mode: 0o600});
      await utimes(path('new'), atime, time);
      await rename(path('new'), path(name));
    }
    expect((await stat(path('cert.pem'))).mtime).toEqual(mtime);
    vi.advanceTimersByTime(LOOK_MS);
    expect(await shown(server)).toBe('imgmgr other');
  });

  it.each<[string, () => Promise<void>, RegExp]>([
    ['is not there', async () => rm(path('cert.pem')), /is not there/],
    ['is no PEM', async () => writeFile(path('cert.pem'), 'x'), /cannot be used/],
    ['does not fit the key', async () => writeFile(path('cert.pem'), OTHER_TLS.cert), /cannot be used/],
    ['has a key for everybody', async () => chmod(path('key.pem'), 0o644), /can be read by everybody/],
  ])('that %s lets no server begin', async (_, spoil, reason) => {
    await spoil();
    const error = await begin().then(
      () => undefined,
      (thrown: unknown) => thrown as ImgmgrError,
    );
    expect(error?.code).toBe('CONFIG');
    expect(error?.message).toMatch(reason);
  });
});

describe('the address', () => {
  it('that is taken, or is none of this host, is told', async () => {
    const {port} = await begin();
    const refused = async (host: string, at: number): Promise<string> =>
      listen({host, port: at}, {handler: () => undefined, certificate: undefined}).then(
        () => '',
        (error: unknown) => (error as ImgmgrError).message,
      );
    expect(await refused('127.0.0.1', port)).toMatch(/is taken by another process/);
    expect(await refused('203.0.113.77', 0)).toMatch(/is no address of this host/);
  });
});
