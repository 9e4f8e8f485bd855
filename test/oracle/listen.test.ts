import {createHash} from 'node:crypto';
import {mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {makeQcow2} from '../fakes/disk-image.ts';
import {listening as listen, send} from './listening.ts';

const DISK = makeQcow2({virtualBytes: 64 * 2 ** 20, dataBytes: 5_000_000});
const SHA256 = createHash('sha256').update(DISK).digest('hex');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-listen-'));
  await writeFile(join(folder, 'FILE'), DISK);
});
afterAll(async () => rm(folder, {recursive: true, force: true}));

const listening = async (...flags: readonly string[]) =>
  listen(
    {HOME: folder, XDG_STATE_HOME: join(folder, 'state'), IMGMGR_LOCAL: join(folder, 'local')},
    ...['--cloud', 'local', ...flags],
  );
const shell = async (command: string, input?: string) => send(command, folder, input);

it('the printed command, run by a shell, sends a file that becomes the image, and its secret stands nowhere else', async () => {
  const {running, command} = await listening('--name', 'Sent', '--checksum', `sha256:${SHA256}`);
  expect(await shell(command)).toBe(`taken: ${DISK.length} bytes were read and are imported\n201`);
  const {exitCode, stdout, stderr} = await running;
  expect(exitCode).toBe(0);
  const secret = /\/([\w-]{43})'$/.exec(command)?.[1] ?? '';
  expect([secret.length, stdout.includes(secret), stderr.split(secret).length]).toEqual([43, false, 2]);
  expect(stdout).toContain('"waiting-for-upload"');
  const files = await readdir(folder, {recursive: true, withFileTypes: true});
  const contents = await Promise.all(
    files.filter((file) => file.isFile()).map(async (file) => readFile(join(file.parentPath, file.name))),
  );
  expect(contents.filter((content) => content.includes(secret))).toEqual([]);
  expect(contents.filter((content) => content.equals(DISK))).toHaveLength(2);
});

it('a pipe of unknown length is taken as well', async () => {
  const {running, command} = await listening('--name', 'Piped');
  expect(await shell(`${command.replace('-T FILE', '-T -')} <FILE`)).toMatch(/201$/);
  expect((await running).exitCode).toBe(0);
});

it('a wrong checksum, and what is no image, are refused with a sentence, and nothing is imported', async () => {
  const wrong = await listening('--name', 'Wrong', '--checksum', `sha256:${'0'.repeat(64)}`);
  expect(await shell(wrong.command)).toMatch(/^refused: the upload has sha256 [^\n]*\n422$/);
  expect((await wrong.running).exitCode).toBe(1);
  const text = await listening('--name', 'Text');
  expect(await shell(text.command.replace('-T FILE', '-T -'), 'no image')).toMatch(/^refused: [^\n]*\n422$/);
  expect((await text.running).exitCode).toBe(1);
});

it('another certificate is none that curl sends anything to', async () => {
  const {running, command} = await listening('--name', 'Pinned');
  const other = command.replace(/sha256\/\/./, (found) => `sha256//${found.endsWith('A') ? 'B' : 'A'}`);
  expect(await shell(other)).toBe('000');
  running.kill('SIGINT');
  expect((await running).exitCode).toBe(130);
});

it('an upload that does not begin in time ends the run', async () => {
  const {running} = await listening('--name', 'Late', '--wait-upload', '1s');
  const {exitCode, stderr} = await running;
  expect(exitCode).toBe(75);
  expect(stderr).toContain('no upload began within 1 s');
});
