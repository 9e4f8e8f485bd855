import {createHmac} from 'node:crypto';
import type http from 'node:http';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Warning} from '../../../src/core/warnings.ts';
import type {Http} from '../../../src/http.ts';
import {createHttp} from '../../../src/http.ts';
import type {Notifier} from '../../../src/ports/notifier.ts';
import {createWebhook} from '../../../src/webhook/webhook.ts';
import type {LocalServer} from '../http/local-server.ts';
import {serve} from '../http/local-server.ts';
import {PUBLISH} from '../report/samples.ts';

const SECRET = 'a secret of 20 chars';
const NOW = new Date('2026-11-27T02:00:00Z');
const TIMESTAMP = String(NOW.getTime() / 1000);

interface Received {
  readonly headers: http.IncomingHttpHeaders;
  readonly body: string;
}

let servers: LocalServer[] = [];
let clients: Http[] = [];
let received: Received[] = [];
beforeEach(() => {
  [servers, clients, received] = [[], [], []];
});
afterEach(async () => {
  for (const client of clients) client.close();
  await Promise.all(servers.map((server) => server.close()));
});

/** Notes what comes, and answers as told: by turns, then with the last one. Nothing: it does not answer. */
async function listen(...answers: readonly (number | http.OutgoingHttpHeaders | undefined)[]): Promise<string> {
  const server = await serve((request, response) => {
    const answer = answers[Math.min(received.length, answers.length - 1)];
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      received.push({headers: request.headers, body: Buffer.concat(chunks).toString()});
      if (typeof answer === 'number') response.writeHead(answer).end('a body that nobody reads');
      else if (answer) response.writeHead(307, answer).end();
    });
  });
  servers.push(server);
  return server.url;
}

interface Told extends Notifier {
  readonly warnings: readonly Warning[];
  publish(version: string): void;
}

function webhook(
  url: string,
  {secret = SECRET, attemptMs = 5000}: {secret?: string | null; attemptMs?: number} = {},
): Told {
  const warnings: Warning[] = [];
  const client = createHttp({proxy: 'none'});
  clients.push(client);
  const notifier = createWebhook({
    ...{
      http: client,
      url: `${url}/T000/b4d8f0c6e2a19375`,
      version: '1.2.3',
      now: () => NOW,
      firstDelayMs: 1,
      attemptMs,
    },
    ...(secret !== null && {secret: Buffer.from(secret)}),
    warn: (warning) => void warnings.push(warning),
  });
  let seq = 0;
  return {
    ...notifier,
    warnings,
    publish(version) {
      seq += 1;
      const event = {type: 'action-done', cloud: 'c', action: {...PUBLISH, version}, image: 'i', ms: 1} as const;
      notifier.take({run: 'r', seq, at: NOW.toISOString(), event});
    },
  };
}

const versions = (): unknown[] =>
  received.map(({body}) => (JSON.parse(body) as {event: {version: string}}).event.version);

describe('a webhook', () => {
  it('is posted JSON with its schema, the version, the run and the event, and what identifies and signs it', async () => {
    const hook = webhook(await listen(204));
    hook.publish('1');
    await hook.end(5000);
    const [{headers, body} = {headers: {}, body: ''}] = received;
    expect(JSON.parse(body)).toEqual({
      ...{schema: 1, version: '1.2.3', run: 'r', id: 'r:1', at: NOW.toISOString()},
      event: {type: 'published', cloud: 'c', definition: PUBLISH.definition, version: '1', image: 'i'},
    });
    const mac = createHmac('sha256', SECRET).update(`${TIMESTAMP}.${body}`).digest('hex');
    expect(headers).toMatchObject({
      'content-type': 'application/json',
      'content-length': String(Buffer.byteLength(body)),
      'x-imgmgr-timestamp': TIMESTAMP,
      'x-imgmgr-delivery': 'r:1',
      'x-imgmgr-signature': `sha256=${mac}`,
    });
    expect(hook.warnings).toEqual([]);
  });

  it('is signed only where there is a secret', async () => {
    const hook = webhook(await listen(200), {secret: null});
    hook.publish('1');
    await hook.end(5000);
    expect(received[0]?.headers).not.toHaveProperty('x-imgmgr-signature');
    expect(received).toHaveLength(1);
  });

  it('is told everything in order, one after the other', async () => {
    const hook = webhook(await listen(200));
    for (const version of ['1', '2', '3', '4', '5']) hook.publish(version);
    await hook.end(5000);
    expect(versions()).toEqual(['1', '2', '3', '4', '5']);
  });

  it('is told again after 500 and 429, under the same id, and then what came meanwhile', async () => {
    const hook = webhook(await listen(500, 503, 429, 200));
    hook.publish('1');
    hook.publish('2');
    await hook.end(5000);
    expect(versions()).toEqual(['1', '1', '1', '1', '2']);
    expect(new Set(received.slice(0, 4).map(({headers}) => headers['x-imgmgr-delivery'])).size).toBe(1);
    expect(hook.warnings).toEqual([]);
  });

  it('is given up after five attempts', async () => {
    const hook = webhook(await listen(500));
    hook.publish('1');
    await hook.end(5000);
    expect(received).toHaveLength(5);
    expect(hook.warnings).toMatchObject([{code: 'webhook-failed'}]);
  });

  it('is not told again after an answer that is final; what comes later is told', async () => {
    const hook = webhook(await listen(403, 200));
    hook.publish('1');
    hook.publish('2');
    await hook.end(5000);
    expect(versions()).toEqual(['1', '2']);
    expect(hook.warnings[0]?.message).toMatch(
      /^1 of 2 notifications did not reach http:\/\/127\.0\.0\.1:\d+: it answers with 403$/,
    );
  });

  it('that redirects is not followed: nobody else gets what is meant for it', async () => {
    const other = await listen(200);
    const hook = webhook(await listen({location: `${other}/elsewhere`}));
    hook.publish('1');
    await hook.end(5000);
    expect(servers.map(({requests}) => requests.length)).toEqual([0, 1]);
    expect(hook.warnings[0]?.message).toContain('it answers with a redirect, which is not followed');
  });

  it('that refuses the connection is one warning, without the path of its address or the secret', async () => {
    const url = await listen(200);
    await servers[0]?.close();
    const hook = webhook(url);
    hook.publish('1');
    hook.publish('2');
    await hook.end(5000);
    expect(hook.warnings).toHaveLength(1);
    expect(hook.warnings[0]?.message).toMatch(
      /^2 of 2 notifications did not reach http:\/\/127\.0\.0\.1:\d+: .*ECONNREFUSED/,
    );
    expect(JSON.stringify(hook.warnings)).not.toMatch(/T000|b4d8f0c6e2a19375|a secret/);
    servers = [];
  });

  it('that never answers holds nobody: each attempt has a deadline, and so has the end', async () => {
    const hook = webhook(await listen(undefined), {attemptMs: 20});
    hook.publish('1');
    await hook.end(60_000);
    expect(received).toHaveLength(5);
    expect(hook.warnings[0]?.message).toContain('it does not answer in time');
    const slow = webhook(await listen(undefined), {attemptMs: 600_000});
    slow.publish('1');
    slow.publish('2');
    await slow.end(50);
    expect(slow.warnings[0]?.message).toMatch(/^2 of 2 notifications/);
  });

  it('loses what comes when two hundred wait, and says how many', async () => {
    const hook = webhook(await listen(undefined), {attemptMs: 600_000});
    for (let version = 0; version < 250; version += 1) hook.publish(String(version));
    await hook.end(50);
    expect(hook.warnings[0]?.message).toMatch(/^250 of 250 notifications .*: more than 200 of them wait$/);
  });

  it('that nobody is to be told of waits for nothing', async () => {
    const hook = webhook('http://127.0.0.1:9');
    hook.take({run: 'r', seq: 1, at: NOW.toISOString(), event: {type: 'decision', message: 'x'}});
    await hook.end(600_000);
    expect(hook.warnings).toEqual([]);
  });
});
