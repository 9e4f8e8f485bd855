import {execFileSync} from 'node:child_process';
import {chmod, mkdir, readFile, readdir, writeFile} from 'node:fs/promises';
import type http from 'node:http';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import type {LocalServer} from '../unit/http/local-server.ts';
import {serve} from '../unit/http/local-server.ts';
import {listed, openDesk, yaml} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

const SECRET = 'e19f0b6c2d7a4835';
const PATH = '/services/T000/b4d8f0c6e2a19375';

let table: Table;
let hook: LocalServer;
let status = 200;
let received: {readonly headers: http.IncomingHttpHeaders; readonly body: string}[] = [];
beforeAll(async () => {
  table = await openTable();
  await writeFile(join(table.folder, 'key'), `${SECRET}\n`, {mode: 0o600});
  hook = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({headers: request.headers, body: Buffer.concat(chunks).toString()});
      response.writeHead(status).end();
    });
  });
});
beforeEach(() => {
  for (const {id} of table.cloud.images.all()) table.cloud.images.remove(id, 'test');
  received = [];
  status = 200;
});
afterAll(async () => Promise.all([table.close(), hook.close()]));

const HOOK = (): readonly string[] => [
  '--webhook',
  `${hook.url}${PATH}`,
  '--webhook-secret-file',
  join(table.folder, 'key'),
];
const told = () => received.map(({body}) => (JSON.parse(body) as {event: Readonly<Record<string, unknown>>}).event);

/** Everything below the folder, as one text. */
async function everything(folder: string): Promise<string> {
  const entries = await readdir(folder, {recursive: true, withFileTypes: true});
  const files = entries.filter((entry) => entry.isFile() && entry.name !== 'key');
  const texts = await Promise.all(files.map(({parentPath, name}) => readFile(join(parentPath, name), 'latin1')));
  return texts.join('\n');
}

describe('--webhook', () => {
  it('tells what is published, what failed, and what was rolled back', async () => {
    await table.manage(table.x(['1']), ...HOOK());
    expect(told()).toMatchObject([{type: 'published', cloud: 'admin', definition: 'X', version: '1'}]);
    received = [];
    const broken = `- {version: '3', url: ${table.upstream.url}/missing.img, checksum: 'sha256:${'0'.repeat(64)}'}`;
    const ran = await table.manage(table.x(['1', '2', broken]), ...HOOK());
    expect(ran.code).not.toBe(0);
    expect(told().map(({type}) => type)).toContain('failed');
    received = [];
    await table.manage(table.x(['1', '2']), ...HOOK());
    await table.run('rollback', table.x(['1', '2']), 'X', '--reason', 'bad', '--yes', '--no-verify', ...HOOK());
    expect(told().at(-1)).toMatchObject({
      type: 'rolled-back',
      cloud: 'admin',
      versions: ['2'],
      current: '1',
      reason: 'bad',
    });
  });

  it('tells of a cloud that refuses the login, and of definitions that are wrong', async () => {
    await table.writeClouds(table.cloud.cloudsYaml().replaceAll(table.cloud.accounts.admin.password, 'wrong'));
    await table.manage(table.x(['1']), ...HOOK());
    await table.writeClouds(table.cloud.cloudsYaml());
    await table.run('manage', 'images: 7', ...HOOK());
    expect(told()).toMatchObject([
      {type: 'failed', cloud: 'admin', definition: null, code: 'AUTH'},
      {type: 'failed', cloud: null, code: 'DEFINITION'},
    ]);
  });

  it('tells nothing in a dry run, and nothing where nothing happens', async () => {
    await table.run('dry-run', table.x(['1']), ...HOOK());
    await table.run('manage', table.x(['1']), '--dry-run', ...HOOK());
    expect(received).toEqual([]);
    await table.manage(table.x(['1']), ...HOOK());
    await table.manage(table.x(['1']), ...HOOK());
    expect(told()).toHaveLength(1);
  });

  it('changes nothing of a run that nobody hears of: one warning', async () => {
    status = 404;
    const ran = await table.manage(table.x(['1']), ...HOOK());
    expect([ran.code, ran.done, ran.warnings]).toEqual([0, ['acquire 1', 'publish 1'], ['webhook-failed']]);
  });

  it('shows neither its secret nor its path in any output, the history, or a file', async () => {
    status = 404;
    await table.manage(table.x(['1']), ...HOOK());
    const flags = ['--cloud', 'admin', '--images', await table.write(table.x(['1', '2'])), ...HOOK()];
    const {out, err} = await table.print('manage', ...flags, '--debug');
    const kept = await everything(table.folder);
    expect(kept).toContain('webhook-failed');
    for (const text of [out, err, kept, ...received.map(({body, headers}) => body + JSON.stringify(headers))]) {
      expect(text).not.toContain(SECRET);
      expect(text).not.toContain('b4d8f0c6e2a19375');
    }
  });

  it.each([
    ['a password', 'https://u:hunter22@hooks.example.org/x', 'holds a user or a password'],
    ['a user', 'https://hunter22@hooks.example.org/x', 'holds a user or a password'],
    [
      'http elsewhere',
      'http://hooks.example.org/hunter22',
      'takes https, and http only on this host, not on hooks.example.org',
    ],
    ['another scheme', 'ftp://hooks.example.org/hunter22', 'takes an address of https'],
    ['no address', 'hunter22', 'takes an address of https'],
  ])('with %s is exit 2 before anything is done, and is not printed', async (_, url, message) => {
    table.cloud.clearLog();
    const ran = await table.manage(table.x(['1']), '--webhook', url);
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.text).toContain(`--webhook ${message}`);
    expect(ran.text).not.toContain('hunter22');
  });

  it.each([
    ['may be read by others', 0o644, SECRET, 'may be read by others than its owner'],
    ['is too short', 0o600, 'short', 'does not hold one line of at least 16 characters'],
    ['has two lines', 0o600, `${SECRET}\n${SECRET}`, 'does not hold one line'],
  ])('with a secret in a file that %s is exit 2 before anything is done', async (_, mode, text, message) => {
    const file = join(table.folder, 'other-key');
    await writeFile(file, text);
    await chmod(file, mode);
    table.cloud.clearLog();
    const ran = await table.manage(table.x(['1']), '--webhook', `${hook.url}/`, '--webhook-secret-file', file);
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.text).toContain(message);
    expect(ran.text).not.toContain(SECRET);
  });

  it('needs an address for its secret', async () => {
    const ran = await table.manage(table.x(['1']), '--webhook-secret-file', join(table.folder, 'key'));
    expect([ran.code, ran.text]).toEqual([2, expect.stringContaining('means nothing without --webhook') as string]);
  });

  it('on this host is reached past every proxy', async () => {
    const nobody = 'http://127.0.0.1:1';
    const others = {IMGMGR_CLOUD_PROXY: 'off', IMGMGR_SOURCE_PROXY: 'off'};
    const desk = await openDesk({}, {http_proxy: nobody, all_proxy: nobody, ...others});
    desk.upstream.put('/x-1.img', Buffer.alloc(50_000, '1'));
    const images = await desk.write(yaml([listed('1', `${desk.upstream.url}/x-1.img`)]));
    const ran = await desk.imgmgr('manage', '--cloud', 'admin', '--images', images, '--webhook', `${hook.url}/`);
    await desk.close();
    expect([ran.code, ran.warnings, told().length]).toEqual([0, [], 1]);
  });

  it('may stand in the settings', async () => {
    await mkdir(join(table.folder, '.config/imgmgr'), {recursive: true});
    await writeFile(
      join(table.folder, '.config/imgmgr/imgmgr.yml'),
      `webhook: ${hook.url}/\nwebhook_secret_file: ${join(table.folder, 'key')}\n`,
    );
    await table.manage(table.x(['1']));
    expect(received[0]?.headers).toHaveProperty('x-imgmgr-signature');
    await writeFile(join(table.folder, '.config/imgmgr/imgmgr.yml'), '');
  });

  it('is genuine by the example of docs/monitoring.md, and not when it was changed or is sent again later', async () => {
    await table.manage(table.x(['1']), ...HOOK());
    const [{headers, body} = {headers: {}, body: ''}] = received;
    const page = await readFile(new URL('../../docs/monitoring.md', import.meta.url), 'utf8');
    const example = /```python\n([\s\S]*?)```/.exec(page)?.[1] ?? '';
    expect(example.trim().split('\n').length).toBeLessThanOrEqual(10);
    const names = ['X-Imgmgr-Timestamp', 'X-Imgmgr-Signature'];
    const given = Object.fromEntries(names.map((name) => [name, headers[name.toLowerCase()]]));
    // The clock of these runs stands still.
    const at = Number(given['X-Imgmgr-Timestamp']);
    const asked = [
      [body, SECRET, at],
      [body, SECRET, at + 299],
      [body, SECRET, at + 301],
      [body.replace('published', 'failed'), SECRET, at],
      [body, 'another secret!!', at],
    ];
    const program = `${example}
import json, sys
headers, cases = json.load(sys.stdin)
for body, secret, now in cases:
    time.time = lambda: now
    print(is_genuine(headers, body.encode(), secret.encode()))
`;
    const printed = execFileSync('python3', ['-c', program], {input: JSON.stringify([given, asked]), encoding: 'utf8'});
    expect(printed.trim().split('\n')).toEqual(['True', 'True', 'False', 'False', 'False']);
  });
});
