import {ImgmgrError} from '../../errors.ts';
import type {Answer} from '../download/answer.ts';
import {sourceError} from '../download/answer.ts';
import {downloadBody} from '../download/body.ts';
import {entityOf} from '../download/entity.ts';
import type {Web} from '../download/follow.ts';
import {getFollowing} from '../download/follow.ts';
import {showUrl} from '../show-url.ts';
import type {PartRequest, ReadRequest, Served, SourceKind} from '../served.ts';
import type {Patience} from '../download/patience.ts';
import {patiently} from '../download/patience.ts';

/** `http://` and `https://`. */
export function createHttpKind(web: Web, patience: Patience): SourceKind {
  return {
    name: 'http',
    claims: (url) => /^https?:\/\//i.test(url),
    read: async (request) => read({web, patience, request}),
    readPart: async (request) => readPart({web, patience, request}),
  };
}

async function read({web, patience, request}: {web: Web; patience: Patience; request: ReadRequest}): Promise<Served> {
  const {url} = request;
  const closing = new AbortController();
  const signal = request.signal === undefined ? closing.signal : AbortSignal.any([request.signal, closing.signal]);
  const ask = async (headers: Readonly<Record<string, string>>): Promise<Answer> =>
    getFollowing(web, {url, headers, signal, allowHttp: request.allowHttpRedirect === true});
  const partial = request.firstBytes !== undefined;
  const first = await patiently(patience, signal, async () =>
    ask(request.firstBytes === undefined ? {} : {Range: `bytes=0-${request.firstBytes - 1}`}),
  );
  const entity = entityOf(first);
  if (entity.start !== 0) {
    first.body.destroy();
    throw new ImgmgrError(
      'SOURCE_REFUSED',
      `${showUrl(url)} answered with bytes from ${entity.start} on, which nobody asked for`,
    );
  }
  // Nothing can be sent of an empty file; what the body says instead is no content.
  const empty = first.status === 416;
  if (empty) first.body.destroy();
  return {
    url,
    remote: true,
    ...(empty ? {size: 0} : entity.size === undefined ? {} : {size: entity.size}),
    ...(entity.lastModified === undefined ? {} : {lastModified: entity.lastModified}),
    ...(entity.contentType === undefined ? {} : {contentType: entity.contentType}),
    chunks: empty
      ? nothing()
      : downloadBody({
          url,
          first,
          entity,
          ask,
          partial,
          digestDemanded: request.digestDemanded,
          resumeDelayMs: patience.delayMs,
          signal,
        }),
    close: () => {
      closing.abort();
      return Promise.resolve();
    },
  };
}

/** One question with a range; what comes besides is not read. SOURCE_UNAVAILABLE where it is another file than before. */
async function readPart({
  web,
  patience,
  request,
}: {
  web: Web;
  patience: Patience;
  request: PartRequest;
}): Promise<Buffer | undefined> {
  const {url, offset, length, size} = request;
  const closing = new AbortController();
  const signal = request.signal === undefined ? closing.signal : AbortSignal.any([request.signal, closing.signal]);
  try {
    const headers = {Range: `bytes=${offset}-${offset + length - 1}`};
    const answer = await patiently(patience, signal, async () =>
      getFollowing(web, {url, headers, signal, allowHttp: request.allowHttpRedirect === true}),
    );
    const entity = entityOf(answer);
    if (answer.status === 200) return undefined;
    if (answer.status !== 206 || entity.start !== offset || entity.size !== size)
      throw new ImgmgrError('SOURCE_UNAVAILABLE', `${showUrl(url)} changed while it was looked at`, {
        hint: 'run again; a file that is replaced in place belongs behind a name of its own per version',
      });
    const parts: Buffer[] = [];
    let read = 0;
    for await (const chunk of answer.body) {
      parts.push(chunk as Buffer);
      read += (chunk as Buffer).length;
      if (read >= length) break;
    }
    return Buffer.concat(parts).subarray(0, length);
  } catch (error) {
    throw sourceError(error, request);
  } finally {
    closing.abort();
  }
}

async function* nothing(): AsyncGenerator<Uint8Array> {
  // An empty file.
}
