import {once} from 'node:events';
import {mkdir, readdir, stat, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {askForLogin, openLoginSocket} from '../../../../src/server/access/login-socket.ts';
import {useFolder} from '../../build/folder.ts';
import {refusalOf} from './clock.ts';

const folder = useFolder();

describe('the socket for one-time URLs', () => {
  it('gives each who asks a new one, to its user alone, however deep its folder lies', async () => {
    const deep = join(folder.path(), 'x'.repeat(100), 'y'.repeat(100));
    await mkdir(deep, {recursive: true});
    let given = 0;
    const close = await openLoginSocket(deep, () => `http://127.0.0.1/login#${(given += 1)}`);
    try {
      expect((await stat(join(deep, 'login.sock'))).mode & 0o777).toBe(0o600);
      expect(await askForLogin(deep)).toBe('http://127.0.0.1/login#1');
      const many = await Promise.all(Array.from({length: 8}, async () => askForLogin(deep)));
      expect(new Set(many).size).toBe(8);
    } finally {
      await close();
    }
    expect(await readdir(deep)).toEqual([]);
    expect(await refusalOf(askForLogin(deep))).toBe('UNAVAILABLE');
  });

  it('takes the place of what a killed server left', async () => {
    await writeFile(join(folder.path(), 'login.sock'), '');
    const close = await openLoginSocket(folder.path(), () => 'url');
    expect(await askForLogin(folder.path())).toBe('url');
    await close();
  });

  it('that answers something else is not believed without end', async () => {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      socket.end('x'.repeat(100_000));
    });
    server.listen(join(folder.path(), 'login.sock'));
    await once(server, 'listening');
    expect(await refusalOf(askForLogin(folder.path()))).toBe('UNAVAILABLE');
    server.close();
  });
});
