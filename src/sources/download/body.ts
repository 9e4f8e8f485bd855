import {setTimeout as sleep} from 'node:timers/promises';
import {ImgmgrError, isRetryable} from '../../errors.ts';
import {showUrl} from '../show-url.ts';
import type {Answer} from './answer.ts';
import {sourceError} from './answer.ts';
import {entityOf} from './entity.ts';
import type {Entity} from './entity.ts';

/** A download that has begun. */
export interface Download {
  readonly url: string;
  readonly first: Answer;
  readonly entity: Entity;
  /** Asks again with these headers. */
  readonly ask: (headers: Readonly<Record<string, string>>) => Promise<Answer>;
  /** A digest will be checked: another content cannot slip in unnoticed. */
  readonly digestDemanded: boolean;
  /** Only a beginning is wanted: a break is final. */
  readonly partial: boolean;
  readonly resumeDelayMs: number;
  readonly signal?: AbortSignal;
}

const MAX_BREAKS = 5;
/** So much progress forgives the breaks before it. */
const FORGIVING_BYTES = 64 * 1024 * 1024;

/**
 * The bytes of a download. After a break (reset, silence, early end) it goes on where it broke off, up to five times, if the
 * content is provably the same; otherwise SOURCE_UNAVAILABLE.
 */
export async function* downloadBody(download: Download): AsyncGenerator<Uint8Array> {
  const {size} = download.entity;
  let answer = download.first;
  let skip = 0;
  let position = 0;
  let breaks = 0;
  let lastBreak = 0;
  for (;;) {
    let broken: unknown;
    try {
      for await (const chunk of answer.body) {
        const bytes = chunk as Uint8Array;
        const fresh = skip === 0 ? bytes : bytes.subarray(Math.min(skip, bytes.length));
        skip -= bytes.length - fresh.length;
        position += fresh.length;
        if (fresh.length > 0) yield fresh;
      }
      if (download.partial || size === undefined || position === size) return;
      broken = incomplete(download.url, position, size);
    } catch (error) {
      broken = sourceError(error, download);
    }
    breaks = position - lastBreak > FORGIVING_BYTES ? 1 : breaks + 1;
    lastBreak = position;
    const next = await resume(download, {position, breaks, broken});
    answer = next.answer;
    skip = next.skip;
  }
}

interface Break {
  readonly position: number;
  readonly breaks: number;
  readonly broken: unknown;
}

/** A new answer, and how many of its bytes are known already. Throws what broke the download when nothing helps. */
async function resume(download: Download, from: Break): Promise<{answer: Answer; skip: number}> {
  const {validator} = download.entity;
  const provable = validator !== undefined || download.digestDemanded;
  let {broken} = from;
  for (let attempt = from.breaks; attempt <= MAX_BREAKS; attempt += 1) {
    if (download.partial || !provable || !mayPass(broken)) throw broken;
    await sleep(
      download.resumeDelayMs * 2 ** (attempt - 1),
      undefined,
      download.signal === undefined ? {} : {signal: download.signal},
    ).catch(() => {
      throw sourceError(undefined, download);
    });
    let answer: Answer;
    try {
      answer = await download.ask({
        Range: `bytes=${from.position}-`,
        ...(validator === undefined ? {} : {'If-Range': validator}),
      });
    } catch (error) {
      broken = error;
      continue;
    }
    return {answer, skip: joint(download, answer, from.position)};
  }
  throw new ImgmgrError(
    'SOURCE_UNAVAILABLE',
    `${messageOf(broken)} (given up after ${MAX_BREAKS} attempts to go on at byte ${from.position})`,
    {
      cause: broken,
      hint: 'try again later, or give a mirror_url',
    },
  );
}

/** How many bytes of the new answer are known already; refuses an answer that is not of the same file. */
function joint(download: Download, answer: Answer, position: number): number {
  const now = entityOf(answer);
  const {validator, size} = download.entity;
  // Mirrors behind one address tag the same file differently; where a digest decides in the end, the size is enough.
  const sameProof = download.digestDemanded || (validator !== undefined && validator === now.validator);
  if (sameProof && now.size === size && answer.status !== 416 && now.start <= position) return position - now.start;
  answer.body.destroy();
  throw new ImgmgrError(
    'SOURCE_UNAVAILABLE',
    `${showUrl(download.url)} changed while it was read (at byte ${position})`,
    {
      hint: 'run again; a file that is replaced in place belongs behind a name of its own per version',
    },
  );
}

function incomplete(url: string, position: number, size: number): ImgmgrError {
  const ended = position < size ? 'ended early' : 'sent too much';
  return new ImgmgrError('SOURCE_UNAVAILABLE', `${showUrl(url)} ${ended}: ${position} of ${size} bytes`);
}

function mayPass(error: unknown): boolean {
  return error instanceof ImgmgrError && isRetryable(error.code);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
