import type {ServerResponse} from 'node:http';
import {setTimeout as sleep} from 'node:timers/promises';
import type {UpstreamMisbehaveOptions, UpstreamMisbehaviour, UpstreamRequest} from './upstream.ts';
import {contentOf} from './upstream-content.ts';
import type {Content} from './upstream-content.ts';

/** A file with its headers. */
export interface ServedFile {
  readonly content: Content;
  readonly lastModified: Date;
  readonly contentType: string;
  readonly etag: string;
}

export interface Serving {
  readonly request: UpstreamRequest;
  readonly response: ServerResponse;
  readonly file: ServedFile | undefined;
  readonly misdeed?: {readonly name: UpstreamMisbehaviour; readonly options: UpstreamMisbehaveOptions};
  /** How many requests there have been. */
  readonly count: number;
}

/** Answers one request for a file, well or badly. */
export async function serveFile(serving: Serving): Promise<void> {
  const {misdeed, count} = serving;
  const status = misdeed === undefined ? undefined : (misdeed.options.status ?? PAGES[misdeed.name]);
  if (misdeed !== undefined && misdeed.name in PAGES && status !== undefined) page(serving, status);
  else if (misdeed?.name === 'redirectLoop') redirect(serving, count);
  else if (misdeed?.name === 'redirect' && hopsDone(serving) < (misdeed.options.hops ?? 1))
    redirect(serving, hopsDone(serving) + 1);
  else if (misdeed?.name === 'changesBetweenRequests')
    await wholeOrPart({...serving, file: changed(serving.file, count)});
  else await wholeOrPart(serving);
}

/** Misdeeds that answer with a page, and its status. */
const PAGES: Partial<Record<UpstreamMisbehaviour, number>> = {
  notFound404: 404,
  forbidden403: 403,
  error500: 500,
  htmlPage: 200,
};

function hopsDone({request}: Serving): number {
  return Number(new URLSearchParams(request.query).get('hop') ?? 0);
}

interface Span {
  readonly start: number;
  readonly end: number;
  readonly status: 200 | 206;
}

async function wholeOrPart(serving: Serving): Promise<void> {
  const {file, request, response, misdeed} = serving;
  if (file === undefined) {
    page(serving, 404);
    return;
  }
  const {size} = file.content;
  const ranges = misdeed?.name !== 'noRange';
  const span = ranges ? readRange(request, file) : {start: 0, end: size, status: 200 as const};
  if (span === undefined) {
    response.setHeader('Content-Range', `bytes */${size}`);
    page(serving, 416);
    return;
  }
  response.statusCode = request.status = span.status;
  response.setHeader('Content-Type', file.contentType);
  response.setHeader('ETag', file.etag);
  response.setHeader('Last-Modified', file.lastModified.toUTCString());
  if (ranges) response.setHeader('Accept-Ranges', 'bytes');
  if (span.status === 206) response.setHeader('Content-Range', `bytes ${span.start}-${span.end - 1}/${size}`);
  const half = span.start + Math.floor((span.end - span.start) / 2);
  const end = misdeed?.name === 'wrongLength' && request.method === 'GET' ? half : span.end;
  if (misdeed?.name !== 'noContentLength') response.setHeader('Content-Length', end - span.start);
  if (request.method === 'HEAD') {
    response.end();
    return;
  }
  const broken = misdeed !== undefined && ['truncatedBody', 'stalledBody', 'resetMidway'].includes(misdeed.name);
  await pour(serving, file.content.read(span.start, broken ? half : end));
  if (misdeed?.name === 'truncatedBody') response.destroy();
  else if (misdeed?.name === 'resetMidway') response.socket?.resetAndDestroy();
  else if (misdeed?.name !== 'stalledBody') response.end();
}

/** Writes the pieces; returns when the last one has left, so that a cut-off afterwards loses none of them. */
async function pour({response, request, misdeed}: Serving, pieces: Iterable<Uint8Array>): Promise<void> {
  const gone = new Promise((resolve) => {
    response.once('close', resolve);
  });
  let left: Promise<unknown> = Promise.resolve();
  for (const piece of pieces) {
    if (response.destroyed) return;
    request.sent += piece.length;
    left = new Promise((resolve) => {
      response.write(piece, resolve);
    });
    if (response.writableNeedDrain) await Promise.race([left, gone]);
    if (misdeed?.name === 'slow') await sleep(misdeed.options.delayMs ?? 50);
  }
  await Promise.race([left, gone]);
}

/** One range of https://www.rfc-editor.org/rfc/rfc9110#name-range; undefined when it cannot be satisfied. */
function readRange(request: UpstreamRequest, file: ServedFile): Span | undefined {
  const {size} = file.content;
  const whole: Span = {start: 0, end: size, status: 200};
  const match = /^bytes=(\d*)-(\d*)$/.exec(request.headers['range'] ?? '');
  const onlyIf = request.headers['if-range'];
  if (match === null || (onlyIf !== undefined && onlyIf !== file.etag && onlyIf !== file.lastModified.toUTCString()))
    return whole;
  const [first = '', last = ''] = match.slice(1);
  if (first === '' && last === '') return whole;
  const start = first === '' ? Math.max(0, size - Number(last)) : Number(first);
  const end = first === '' || last === '' ? size : Math.min(size, Number(last) + 1);
  return start < end ? {start, end, status: 206} : undefined;
}

function page({response, request}: Serving, status: number): void {
  const body = Buffer.from(
    `<!DOCTYPE html>\n<html><head><title>${status}</title></head><body>Not the file you wanted</body></html>\n`,
  );
  response.statusCode = request.status = status;
  response.setHeader('Content-Type', 'text/html; charset=utf-8');
  response.setHeader('Content-Length', body.length);
  request.sent = request.method === 'HEAD' ? 0 : body.length;
  response.end(request.method === 'HEAD' ? undefined : body);
}

function redirect({response, request, misdeed}: Serving, hop: number): void {
  response.statusCode = request.status = misdeed?.options.status ?? 302;
  response.setHeader('Location', `${request.path}?hop=${hop}`);
  response.setHeader('Content-Length', 0);
  response.end();
}

function changed(file: ServedFile | undefined, count: number): ServedFile | undefined {
  if (file === undefined) return undefined;
  const bytes = Buffer.concat([...file.content.read(0, file.content.size)]);
  if (bytes.length > 0) bytes.writeUInt8((bytes.readUInt8(bytes.length - 1) + count) % 256, bytes.length - 1);
  return {
    ...file,
    content: contentOf(bytes),
    etag: `"${count}-${file.etag.slice(1)}`,
    lastModified: new Date(file.lastModified.getTime() + count * 1000),
  };
}
