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
    const told: string[] = [];
    const log = openBuildLog(path, (line) => told.push(line));
    const [out, err] = [log.writer(), log.writer()];
    out.write(Buffer.from('one\ntw'));
    err.write('warning\n');
    out.write(Buffer.from('o\r\nthree'));
    out.end();
    err.end();
    log.close();
    expect(readFileSync(path, 'utf8')).toBe('one\nwarning\ntwo\nthree\n');
    expect(told).toEqual(['one', 'warning', 'two', 'three']);
    expect(log.tail()).toEqual(told);
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
    const told: string[] = [];
    const log = openBuildLog(
      path,
      (line) => told.push(line),
      (text) => secrets.scrub(text),
    );
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
    expect(told).toEqual(clean);
    expect(log.tail()).toEqual(clean);
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
