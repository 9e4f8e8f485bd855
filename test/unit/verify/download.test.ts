import {createHash} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import https from 'node:https';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {downloadKey} from '../../../src/verify/ticket.ts';
import {openDesk} from './callers.ts';

let opened: Awaited<ReturnType<typeof openDesk>>;
beforeEach(async () => {
  opened = await openDesk();
});
afterEach(async () => opened.end());

interface Answer {
  readonly status: number;
  readonly bytes: Buffer;
}

function ask(path: string, headers: Record<string, string>, method = 'GET'): Promise<Answer> {
  const {desk} = opened;
  return new Promise((resolve, reject) => {
    const request = https.request(
      {host: '127.0.0.1', port: desk.port, path, method, headers, ca: desk.certificate, agent: false},
      (response) => {
        const chunks: Buffer[] = [];
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => resolve({status: response.statusCode ?? 0, bytes: Buffer.concat(chunks)}));
        response.on('error', reject);
      },
    );
    request.on('error', reject);
    request.end();
  });
}

const bearer = (key: string) => ({authorization: `Bearer ${key}`});

describe('the download of the agent', () => {
  it('gives the file to whoever has the key of an open ticket, by machine', async () => {
    const ticket = opened.desk.issue('run-1');
    const answer = await ask('/agent/x86_64', bearer(downloadKey(ticket.token)));
    expect(answer.status).toBe(200);
    expect(answer.bytes).toEqual(await readFile(join(opened.agentFolder, 'imgmgr-agent-x86_64')));
    expect(createHash('sha256').update(answer.bytes).digest('hex')).toBe(opened.desk.agents['x86_64']);
    expect(ticket.seen().agentFetched).toBe(true);
  });

  it.each([
    ['no key', {}],
    ['another key', bearer('0'.repeat(64))],
    ['a key of another form', {authorization: 'Basic eDp5'}],
  ])('answers 401 to %s, and says nothing of what there is', async (_, headers) => {
    const ticket = opened.desk.issue('run-1');
    expect((await ask('/agent/x86_64', headers)).status).toBe(401);
    expect((await ask('/nothing', headers)).status).toBe(401);
    expect(ticket.seen().agentFetched).toBe(false);
    expect(opened.refused.join()).toContain('401');
  });

  it('answers 401 to the token itself, which is for the report alone, and to a key that is over', async () => {
    const ticket = opened.desk.issue('run-1');
    expect((await ask('/agent/x86_64', bearer(ticket.token))).status).toBe(401);
    ticket.withdraw();
    ticket.report.catch(() => undefined);
    expect((await ask('/agent/x86_64', bearer(downloadKey(ticket.token)))).status).toBe(401);
  });

  it.each([['/agent/riscv64'], ['/agent/'], ['/agent/../x'], ['/']])('answers 404 to %s', async (path) => {
    const {token} = opened.desk.issue('run-1');
    expect((await ask(path, bearer(downloadKey(token)))).status).toBe(404);
  });

  it.each([['POST'], ['PUT'], ['DELETE']])('answers 405 to %s', async (method) => {
    const {token} = opened.desk.issue('run-1');
    expect((await ask('/agent/x86_64', bearer(downloadKey(token)), method)).status).toBe(405);
  });

  it('hangs up on headers that are too large', async () => {
    const {token} = opened.desk.issue('run-1');
    const headers = {...bearer(downloadKey(token)), 'x-long': 'x'.repeat(8000)};
    await expect(ask('/agent/x86_64', headers)).rejects.toThrow();
  });
});
