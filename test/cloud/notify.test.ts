import {createHmac} from 'node:crypto';
import {mkdir, mkdtemp, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import type http from 'node:http';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import type {LocalServer} from '../unit/http/local-server.ts';
import {serve} from '../unit/http/local-server.ts';
import {NEWEST, RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';
import {writeWanted} from './support/wanted.ts';

const {cloud: CLOUD = '', url: GLANCE = ''} = NEWEST[0] ?? {};
const NAME = 'accept-notify';
const SECRET = '5f1c6b0de2a94837';

let dir = '';
let upstream: Upstream;
let admin: RealGlance;
let hook: LocalServer;
const received: {readonly headers: http.IncomingHttpHeaders; readonly body: string}[] = [];

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-notify-'));
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
  admin = await RealGlance.login(GLANCE, 'admin');
  await admin.clear(NAME);
  hook = await serve((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({headers: request.headers, body: Buffer.concat(chunks).toString()});
      response.writeHead(200).end();
    });
  });
});
afterAll(async () => {
  await admin.clear(NAME);
  await Promise.all([upstream.close(), hook.close()]);
  await rm(dir, {recursive: true, force: true});
});

it('a run on the real cloud writes its metrics and posts what it published', async () => {
  const key = join(dir, 'key');
  await writeFile(key, `${SECRET}\n`, {mode: 0o600});
  const metrics = join(dir, 'metrics');
  await mkdir(metrics);
  const images = await writeWanted(upstream, dir, [{name: NAME, version: '1', algorithm: 'sha512'}]);
  const flags = ['--cloud', CLOUD, '--images', images, '--no-verify', '--metrics-dir', metrics];
  const hooked = ['--webhook', `${hook.url}/hook`, '--webhook-secret-file', key];
  const ran = await imgmgr(['manage', ...flags, ...hooked], {XDG_STATE_HOME: join(dir, 'state')});
  expect([ran.code, ran.stderr]).toEqual([0, '']);
  const [image] = await admin.named(NAME);

  const [file = '', ...more] = (await readdir(metrics)).toSorted();
  expect(more).toEqual(['imgmgr.prom']);
  const text = await readFile(join(metrics, file), 'utf8');
  const labels = `cloud="${CLOUD}",definition="${NAME}",version="1"`;
  expect(text).toContain(`imgmgr_image_info{${labels},image_id="${image?.id ?? ''}"} 1\n`);
  expect(text).toContain(`imgmgr_run_exit_code{cloud="${CLOUD}",verb="manage"} 0\n`);
  expect(text).toContain(`imgmgr_wanted_missing{cloud="${CLOUD}",definition="${NAME}"} 0\n`);
  const published = /^imgmgr_image_published_timestamp_seconds\{.*\} (\d+)$/m.exec(text)?.[1];
  expect(Math.abs(Number(published) - Date.now() / 1000)).toBeLessThan(600);

  expect(received.map(({body}) => JSON.parse(body) as unknown)).toMatchObject([
    {event: {type: 'published', cloud: CLOUD, definition: NAME, version: '1'}},
  ]);
  const [{headers, body} = {headers: {}, body: ''}] = received;
  const signed = `${String(headers['x-imgmgr-timestamp'])}.${body}`;
  const expected = createHmac('sha256', SECRET).update(signed).digest('hex');
  expect(headers['x-imgmgr-signature']).toBe(`sha256=${expected}`);
});
