import {Readable} from 'node:stream';
import type {OpenedSource, SourceFacts, SourceRequest} from '../ports/image-source.ts';
import {END_REACH} from '../core/format/inspect.ts';
import type {DigestAlgorithm} from '../core/release/digest.ts';
import {sameDigest} from '../core/release/digest.ts';
import type {SizeLimits} from '../core/limits.ts';
import {limitsOf} from '../core/limits.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {capped, tooLarge} from './capped.ts';
import type {Peeker} from './chunks.ts';
import {interruption} from './interruption.ts';
import type {Judged, Judgement} from './judge.ts';
import {judgeStart, refuseUnfitEnd} from './judge.ts';
import {showUrl} from './show-url.ts';
import type {Served} from './served.ts';
import {createStreamHash} from './stream-hash.ts';
import type {StreamHash} from './stream-hash.ts';
import {unwrap} from './unwrap.ts';

/** What opening needs besides the source. */
export interface OpenContext {
  readonly request: SourceRequest;
  readonly exec: Exec;
}

/** What the digest is checked with. */
interface Checked {
  readonly request: SourceRequest;
  readonly served: Served;
  readonly streamHash: StreamHash;
}

interface Passage extends Checked {
  /** Of the bytes given on, where they are not those that were served. */
  readonly given?: StreamHash;
  readonly judged: Judged;
  readonly judgement: Judgement;
  readonly limits: SizeLimits;
}

/**
 * Makes an image of what a source serves: hashed as served, unwrapped, its start judged before this promise resolves, its last
 * bytes held back until the digest and the end of the file agree.
 */
export async function openServed(served: Served, context: OpenContext): Promise<OpenedSource> {
  const streamHash = createStreamHash(servedAlgorithms(context.request));
  let inner: Peeker | undefined;
  try {
    const show = showUrl(served.url);
    const limits = limitsOf(context.request.limits);
    const {download} = limits;
    if (served.size !== undefined && served.size > download) throw tooLarge({show, name: 'download', limit: download});
    const fetched = streamHash.through(capped(served.chunks, {show, name: 'download', limit: download}));
    const unwrapped = await unwrap(fetched, {exec: context.exec, show, most: limits.unpacked});
    inner = unwrapped.inner;
    const judgement = judgementOf(served, context);
    const judged = await judgeStart(inner, judgement);
    const given = unwrapped.wrappers.length > 0 ? createStreamHash(givenAlgorithms(context.request)) : undefined;
    return opened(inner, {
      ...context,
      limits,
      served,
      streamHash,
      judged,
      judgement,
      ...(given === undefined ? {} : {given}),
    });
  } catch (error) {
    await inner?.close();
    const reason = digestFirst(error, {request: context.request, served, streamHash});
    served.settled?.(reason);
    await served.close();
    throw reason;
  }
}

function opened(inner: Peeker, passage: Passage): OpenedSource {
  const {served, given, request} = passage;
  const chunks = given === undefined ? inner.rest() : given.through(inner.rest());
  const bytes = Readable.from(heldBack(chunks, passage), {objectMode: false, highWaterMark: 1024 * 1024});
  const interrupt = (): void => {
    bytes.destroy(interruption(served.url, request.signal?.reason));
  };
  request.signal?.addEventListener('abort', interrupt, {once: true});
  // A pending read would otherwise keep the connection until the server speaks again.
  bytes.once('close', () => {
    request.signal?.removeEventListener('abort', interrupt);
    served.settled?.(bytes.readableEnded ? undefined : (bytes.errored ?? new Error('left before its end')));
    void served.close();
  });
  const {virtualSize} = passage.judged.inspection;
  return {
    url: served.url,
    bytes,
    ...(given !== undefined || served.path === undefined ? {} : {path: served.path}),
    ...(given !== undefined || served.size === undefined ? {} : {size: served.size}),
    ...(virtualSize === undefined ? {} : {virtualSize}),
    facts: () => factsOf(passage),
  };
}

/** Gives the chunks on, always keeping the last 1536 bytes or more, which go out only when everything agrees. */
async function* heldBack(chunks: AsyncIterable<Uint8Array>, passage: Passage): AsyncGenerator<Uint8Array> {
  const held: Uint8Array[] = [];
  let heldBytes = 0;
  let total = 0;
  const {unpacked} = passage.limits;
  try {
    for await (const chunk of chunks) {
      held.push(chunk);
      heldBytes += chunk.length;
      total += chunk.length;
      if (total > unpacked) throw tooLarge({show: passage.judgement.show, name: 'unpacked', limit: unpacked});
      for (let [first] = held; first !== undefined && heldBytes - first.length >= END_REACH; [first] = held) {
        held.shift();
        heldBytes -= first.length;
        yield first;
      }
    }
  } catch (error) {
    throw digestFirst(error, passage);
  }
  if (!passage.streamHash.ended()) throw trailing(passage.judgement.show);
  checkDigest(passage);
  refuseUnfitEnd(passage.judged, {tail: Buffer.concat(held).subarray(-END_REACH), size: total}, passage.judgement);
  for (const chunk of held) yield chunk;
}

/** Wrong bytes are the better explanation of an unfit image, where they are known to be wrong. */
function digestFirst(error: unknown, checked: Checked): unknown {
  if (!checked.streamHash.ended() || !(error instanceof ImgmgrError) || error.code !== 'FORMAT_REFUSED') return error;
  try {
    checkDigest(checked);
    return error;
  } catch (mismatch) {
    return mismatch;
  }
}

function checkDigest({request, served, streamHash}: Checked): void {
  const demanded = request.digest;
  const found = streamHash.digests().find(({algorithm}) => algorithm === demanded?.algorithm);
  if (demanded === undefined || (found !== undefined && sameDigest(demanded, found))) return;
  throw new ImgmgrError(
    'DIGEST_MISMATCH',
    `${showUrl(served.url)} has ${demanded.algorithm} ${found?.hex ?? 'none'}, but ${demanded.hex} was demanded (${streamHash.bytes()} bytes read)`,
    {
      hint: 'the file was replaced upstream, a mirror is stale, or the definition has the digest of another file; compare with the published list',
    },
  );
}

function factsOf({request, served, streamHash, given, judged}: Passage): SourceFacts {
  if (!streamHash.ended()) throw new ImgmgrError('INTERNAL', 'facts of a source were asked for before its end');
  const digests = streamHash.digests();
  const givenBytes = given?.bytes() ?? streamHash.bytes();
  const [wanted] = givenAlgorithms(request);
  const unwrapped = (given?.digests() ?? digests).find(({algorithm}) => algorithm === wanted);
  return {
    digests,
    ...(served.origin !== undefined && {origin: served.origin}),
    ...(unwrapped !== undefined && {unwrapped}),
    servedBytes: streamHash.bytes(),
    givenBytes,
    virtualSize: judged.inspection.virtualSize ?? givenBytes,
    format: judged.inspection.format,
  };
}

/** The demanded one, and sha512 unless the caller does without it: hashing costs more than sending. */
function servedAlgorithms(request: SourceRequest): readonly DigestAlgorithm[] {
  const demanded = request.digest === undefined ? [] : [request.digest.algorithm];
  return [...demanded, ...givenAlgorithms(request)];
}

function givenAlgorithms(request: SourceRequest): readonly DigestAlgorithm[] {
  if (request.wantSha512 !== false) return ['sha512'];
  return request.digest === undefined ? [] : [request.digest.algorithm];
}

function judgementOf({contentType, url}: Served, {request}: OpenContext): Judgement {
  return {
    show: showUrl(url),
    format: request.format,
    maxVirtualBytes: limitsOf(request.limits).virtual,
    ...(contentType === undefined ? {} : {contentType}),
  };
}

function trailing(show: string): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', `${show} has something behind the end of its compressed data`);
}
