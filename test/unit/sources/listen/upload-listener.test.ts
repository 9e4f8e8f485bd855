import {Agent, request} from 'node:https';
import {connect} from 'node:net';
import type {Socket} from 'node:net';
import {buffer} from 'node:stream/consumers';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {UploadListener, UploadRequest} from '../../../../src/ports/upload-listener.ts';
import {openUploadListener, verdictOf} from '../../../../src/sources/listen/upload-listener.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import {failure} from '../under-test.ts';

async function desk(more: Partial<UploadRequest> = {}): Promise<UploadListener & {readonly url: URL}> {
  const opened = await openUploadListener({bind: '127.0.0.1', port: 0, maxBytes: 1000, ...more});
  onTestFinished(() => opened.close());
  return {...opened, url: new URL(/'(https:[^']*)'$/.exec(opened.command)?.[1] ?? '')};
}

interface Sent {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  /** Send the body and no end. */
  readonly open?: boolean;
}

/** One request on a connection of its own; `cut` breaks it. */
function send(url: URL, {method = 'PUT', headers = {}, body = '', open = false}: Sent = {}) {
  const asked = request(url, {method, headers, rejectUnauthorized: false, agent: new Agent()});
  const answer = new Promise<{status: number | undefined; text: string}>((resolve, reject) => {
    asked.once('error', reject);
    asked.once('response', (response) => {
      void buffer(response).then((text) => resolve({status: response.statusCode, text: text.toString()}), reject);
    });
  });
  answer.catch(() => undefined);
  if (open) asked.write(body);
  else asked.end(body);
  return {answer, asked, cut: () => asked.destroy()};
}

describe('the listener for one upload', () => {
  it('prints one command with a pinned key and a secret of 256 bits, and says nothing secret besides', async () => {
    const {command, place, secrets, url} = await desk();
    expect(command).toMatch(
      /^curl -k --pinnedpubkey 'sha256\/\/[A-Za-z0-9+/]{43}=' -T FILE 'https:\/\/127\.0\.0\.1:\d+\/[\w-]{43}'$/,
    );
    expect(secrets).toEqual([url.pathname.slice(1)]);
    expect(place).toBe(url.host);
  });

  it.each(['PUT', 'POST'])(
    'takes the bytes of %s, of unknown length too, and answers after the verdict',
    async (method) => {
      const {url, upload} = await desk();
      const sent = send(url, {method, body: 'the bytes', headers: {'Transfer-Encoding': 'chunked'}});
      const got = await upload;
      expect((await buffer(got.bytes)).toString()).toBe('the bytes');
      expect(got.received()).toBe(9);
      got.answer({taken: true, text: 'taken'});
      got.answer({taken: false, text: 'too late'});
      expect(await sent.answer).toEqual({status: 201, text: 'taken\n'});
    },
  );

  it('goes on when it is asked whether to, and not before the address is known', async () => {
    const {url, upload} = await desk();
    const sent = send(url, {headers: {Expect: '100-continue', 'Content-Length': '3'}, open: true});
    await new Promise((resolve) => sent.asked.once('continue', resolve));
    sent.asked.end('abc');
    const got = await upload;
    expect((await buffer(got.bytes)).toString()).toBe('abc');
    got.answer({taken: false, text: 'refused: ünfit'});
    expect(await sent.answer).toEqual({status: 422, text: 'refused: ?nfit\n'});
  });

  it.each<[string, Sent, string, number, string]>([
    ['another address', {}, '/x', 404, ''],
    ['no address', {method: 'GET'}, '/', 404, ''],
    ['an address that is longer', {}, 'SECRETx', 404, ''],
    ['an address with a query', {}, 'SECRET?x', 404, ''],
    ['GET', {method: 'GET'}, 'SECRET', 405, 'send the file with PUT\n'],
    ['DELETE', {method: 'DELETE'}, 'SECRET', 405, 'send the file with PUT\n'],
    ['nothing', {headers: {'Content-Length': '0'}}, 'SECRET', 400, 'the file is empty\n'],
    [
      'more than is taken',
      {headers: {'Content-Length': '1001'}, open: true},
      'SECRET',
      413,
      'at most 1000 bytes are taken\n',
    ],
  ])('refuses %s, and goes on waiting', async (_, sent, path, status, text) => {
    const {url, upload} = await desk();
    const other = new URL(path.replace('SECRET', url.pathname), url);
    expect(await send(other, sent).answer).toEqual({status, text});
    send(url, {body: 'x', open: true});
    expect((await upload).peer).toMatch(/127\.0\.0\.1/);
  });

  it('takes one upload: a second one is refused meanwhile, and afterwards', async () => {
    const {url, upload} = await desk();
    const first = send(url, {body: 'x', open: true});
    const got = await upload;
    expect((await send(url, {body: 'y'}).answer).status).toBe(409);
    first.asked.end();
    expect((await buffer(got.bytes)).toString()).toBe('x');
    got.answer({taken: true, text: 'taken'});
    expect((await first.answer).status).toBe(201);
    expect((await send(url, {body: 'y'}).answer).status).toBe(410);
  });

  it('breaks the bytes of an upload that is cut', async () => {
    const {url, upload} = await desk();
    const sent = send(url, {body: 'half', headers: {'Content-Length': '8'}, open: true});
    const got = await upload;
    setImmediate(sent.cut);
    const error = await failure(buffer(got.bytes));
    expect([error.code, error.message]).toEqual(['SOURCE_UNAVAILABLE', 'the upload was cut off']);
  });

  it('answers a sender that still sends', async () => {
    const {url, upload} = await desk({maxBytes: 1e9});
    const sent = send(url, {body: Buffer.alloc(30_000_000), headers: {'Content-Length': '30000000'}});
    const got = await upload;
    got.bytes.destroy();
    got.answer({taken: false, text: 'refused: unfit'});
    expect(await sent.answer).toEqual({status: 422, text: 'refused: unfit\n'});
  });

  it('lets a sender in while a thousand idle connections are held, and lets go of all of them', async () => {
    const opened = await desk();
    const {url, upload} = opened;
    const idle: Socket[] = [];
    onTestFinished(() => idle.forEach((socket) => socket.destroy()));
    for (let at = 0; at < 1000; at += 1) {
      const socket = connect(Number(url.port), '127.0.0.1');
      socket.on('error', () => undefined);
      idle.push(socket);
    }
    await expect
      .poll(() => idle.filter(({destroyed, readyState}) => destroyed || readyState !== 'opening').length)
      .toBe(1000);
    await expect.poll(() => idle.filter(({destroyed}) => !destroyed).length).toBeLessThanOrEqual(256);
    const sent = send(url, {body: 'x'});
    const got = await upload;
    expect((await buffer(got.bytes)).toString()).toBe('x');
    got.answer({taken: true, text: 'taken'});
    expect((await sent.answer).status).toBe(201);
    await opened.close();
    await expect.poll(() => idle.filter(({destroyed}) => !destroyed).length).toBe(0);
  });

  it('is refused where the address is not ours', async () => {
    expect((await failure(openUploadListener({bind: '192.0.2.1', port: 0, maxBytes: 1}))).code).toBe('USAGE');
  });
});

it('a sender learns what is wrong with the bytes, and nothing of the receiver', () => {
  expect(verdictOf(undefined, 5)).toEqual({taken: true, text: 'taken: 5 bytes were read and are imported'});
  expect(verdictOf(new ImgmgrError('FORMAT_REFUSED', 'it is no disk'), 5).text).toBe('refused: it is no disk');
  for (const error of [new ImgmgrError('FORBIDDEN', 'project admin'), new Error('x')])
    expect(verdictOf(error, 5).text).toBe('refused: the receiver could not read it to its end');
});
