import {execFileSync} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, onTestFinished, test} from 'vitest';
import {readTlsFiles} from '../../../src/config/tls-files.ts';
import {TEST_TLS} from '../http/test-tls.ts';

async function fileWith(text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-tls-'));
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  const path = join(folder, 'x.pem');
  await writeFile(path, text);
  return path;
}

describe('U4: TLS files of a cloud', () => {
  test.each([
    ['caFile', 'cacert', 'certificate', TEST_TLS.key],
    ['caFile', 'cacert', 'certificate', 'no PEM'],
    ['certFile', 'cert', 'certificate', ''],
    ['keyFile', 'key', 'private key', TEST_TLS.cert],
  ])('%s without PEM of its kind: the file is named, and what it lacks', async (option, field, what, text) => {
    const path = await fileWith(text);
    await expect(readTlsFiles({verify: true, [option]: path}, 'mine')).rejects.toMatchObject({
      code: 'CONFIG',
      message: `${field} of cloud mine holds no PEM ${what}: ${path}`,
      hint: expect.stringContaining(`-----BEGIN ${what.toUpperCase()}-----`) as string,
    });
  });

  test('a file that cannot be read', async () => {
    await expect(readTlsFiles({verify: true, caFile: '/nonexistent/ca.pem'}, 'mine')).rejects.toMatchObject({
      code: 'CONFIG',
      message: 'cacert of cloud mine cannot be read: /nonexistent/ca.pem',
    });
  });

  test('R9: a FIFO is refused at once', async () => {
    const path = `${await fileWith('')}.fifo`;
    execFileSync('mkfifo', [path]);
    await expect(readTlsFiles({verify: true, keyFile: path}, 'mine')).rejects.toMatchObject({
      code: 'CONFIG',
      message: `key of cloud mine is a FIFO, not a regular file: ${path}`,
    });
  });

  test('files as they should be are read', async () => {
    const [cert, key] = [await fileWith(TEST_TLS.cert), await fileWith(TEST_TLS.key)];
    expect(await readTlsFiles({verify: true, caFile: cert, certFile: cert, keyFile: key}, 'mine')).toEqual({
      verify: true,
      ca: TEST_TLS.cert,
      cert: TEST_TLS.cert,
      key: TEST_TLS.key,
    });
  });
});
