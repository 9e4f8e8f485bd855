import {readFileSync, statSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {openBuildLog} from '../../../src/build/build-log.ts';
import {addEnvironment, SecretRegistry} from '../../../src/secrets/registry.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();

describe('the log of a build', () => {
  it('is a file only for us, with every line as it came', () => {
    const path = join(folder.path(), 'log');
    writeFileSync(path, 'old');
    const reported: string[] = [];
    const log = openBuildLog(path, (line) => reported.push(line));
    const [out, err] = [log.writer(), log.writer()];
    out.write(Buffer.from('one\ntw'));
    err.write('warning\n');
    out.write(Buffer.from('o\r\nthree'));
    out.end();
    err.end();
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('one\nwarning\ntwo\nthree\n');
    expect(reported).toEqual(['one', 'warning', 'two', 'three']);
    expect(log.tail()).toEqual(reported);
  });

  it('is made with the mode 0600', () => {
    const path = join(folder.path(), 'log');
    openBuildLog(path, () => undefined).close();
    expect(statSync(path).mode & 0o777).toBe(0o600);
  });

  it('has no password of an address, wherever the line was cut', () => {
    const path = join(folder.path(), 'log');
    const log = openBuildLog(path, () => undefined);
    const out = log.writer();
    out.write('Get:1 http://user:geh');
    out.write('eim@mirror/debian and mail@example.org\n');
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('Get:1 http://***@mirror/debian and mail@example.org\n');
    expect(log.tail()).toEqual(['Get:1 http://***@mirror/debian and mail@example.org']);
  });

  it('S6: has no secret of the run, in whatever spelling and wherever the output was cut', () => {
    const secrets = new SecretRegistry();
    addEnvironment(secrets, {https_proxy: 'http://builder:geh%20eim%2F1@proxy:3128', OS_PASSWORD: 'pass"word'});
    secrets.add('a-token-of-the-run');
    const path = join(folder.path(), 'log');
    const reported: string[] = [];
    const log = openBuildLog(path, (line) => reported.push(line), secrets);
    const out = log.writer();
    const lines = [
      'proxy password geh eim/1',
      'proxy password geh%20eim%2F1',
      `Proxy-Authorization: Basic ${Buffer.from('builder:geh eim/1').toString('base64')}`,
      `json ${JSON.stringify({password: 'pass"word'})}`,
      'token a-token-of-the-run',
    ];
    const bytes = Buffer.from(`${lines.join('\n')}\n`);
    for (let at = 0; at < bytes.length; at += 7) out.write(bytes.subarray(at, at + 7));
    log.close();
    const clean = [
      'proxy password ***',
      'proxy password ***',
      'Proxy-Authorization: Basic ***',
      'json {"password":"***"}',
      'token ***',
    ];
    expect(readFileSync(path, 'utf8')).toBe(`${clean.join('\n')}\n`);
    expect(reported).toEqual(clean);
    expect(log.tail()).toEqual(clean);
  });

  describe('S6: a line that is cut, since it has no end', () => {
    const secrets = new SecretRegistry();
    secrets.add('a-token-of-the-run');
    const LIMIT = 16 * 1024;

    /** What the log holds of a long line, written in pieces of this size. */
    function logged(line: string, size: number): string {
      const path = join(folder.path(), 'log');
      const log = openBuildLog(path, () => undefined, secrets);
      const out = log.writer();
      for (let at = 0; at < line.length; at += size) out.write(line.slice(at, at + size));
      out.end();
      log.close();
      return readFileSync(path, 'utf8');
    }

    it.each([1, 5, 1000, LIMIT, LIMIT + 1, 3 * LIMIT])('S6: holds no piece of a secret, in pieces of %i', (size) => {
      for (const before of [LIMIT - 30, LIMIT - 17, LIMIT - 9, LIMIT - 1, LIMIT]) {
        const text = logged(`${'.'.repeat(before)}a-token-of-the-run${'.'.repeat(LIMIT)}`, size);
        expect(text.replaceAll(/[.\n]/g, '')).toBe('***');
      }
    });

    it.each([1, 1000, LIMIT + 1])('S6: holds no password of an address, in pieces of %i', (size) => {
      for (const before of [LIMIT - 20, LIMIT - 14, LIMIT - 13, LIMIT - 12, LIMIT - 11, LIMIT - 5, LIMIT]) {
        const text = logged(`${'.'.repeat(before)} http://me:geheim@mirror/${'.'.repeat(LIMIT)}`, size);
        expect(text.replaceAll(/[.\n]/g, '')).toBe(' http://***@mirror/');
      }
    });

    it('S6: what only looks like the beginning of an address is written all the same, and nothing is lost', () => {
      const line = `http://${'x'.repeat(5 * LIMIT)}`;
      expect(logged(line, 1000).replaceAll('\n', '')).toBe(line);
    });
  });

  it('keeps characters together that come in two pieces', () => {
    const log = openBuildLog(join(folder.path(), 'log'), () => undefined);
    const out = log.writer();
    for (const byte of Buffer.from('grün\n')) out.write(Buffer.from([byte]));
    log.close();
    expect(log.tail()).toEqual(['grün']);
  });

  it('keeps only the end in memory, and cuts a line without end', () => {
    const log = openBuildLog(join(folder.path(), 'log'), () => undefined);
    const out = log.writer();
    for (let number = 1; number <= 2000; number++) out.write(`${number}\n`);
    expect(log.tail()).toHaveLength(400);
    expect(log.tail().at(-1)).toBe('2000');
    out.write('x'.repeat(20_000));
    expect(log.tail().at(-1)).toHaveLength(20_000);
    log.close();
  });

  it('that cannot be written is told, and is no error', () => {
    const log = openBuildLog('/dev/full', () => undefined);
    log.writer().write('one\n');
    expect(log.fault()).toMatchObject({code: 'ENOSPC'});
    expect(log.tail()).toEqual(['one']);
    log.close();
  });
});
