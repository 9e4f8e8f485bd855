import type {Version} from '../core/definition/definition.ts';
import {folderOf} from '../core/definition/definition.ts';
import {limitsOf} from '../core/limits.ts';
import type {FileDigests} from '../core/release/release.ts';
import type {ImageSource, SourceRequest} from '../ports/image-source.ts';
import type {FindRequest, FoundVersion} from '../ports/release-finder.ts';
import {upstreamDigest} from './upstream-digest.ts';

/** A version that its definition names, with its digest, or with the way to the digests of its local file. */
export async function findListed(request: FindRequest, listed: Version, source: ImageSource): Promise<FoundVersion> {
  // A revoked version is never fetched, and its list of digests may be gone.
  const digest = listed.revoked === undefined ? await upstreamDigest(request, listed, source) : listed.checksum;
  const found = {kind: 'listed', listed, ...(digest && {digest})} as const;
  if (listed.revoked !== undefined || !listed.url.startsWith('file:')) return found;
  let size: Promise<number | undefined> | undefined;
  const known = {...found, size: async () => (size ??= sizeOf(request, listed, source))};
  if (digest) return known;
  let answer: Promise<FileDigests> | undefined;
  return {...known, file: () => (answer ??= hashFile(request, listed, source))};
}

/** Looks at the start of the file. */
async function sizeOf(request: FindRequest, listed: Version, source: ImageSource): Promise<number | undefined> {
  try {
    return (await source.probe(reading(request, listed))).size;
  } catch (error) {
    if (request.signal.aborted) throw error;
    return undefined;
  }
}

/** Reads the whole file as an import would. */
async function hashFile(request: FindRequest, listed: Version, source: ImageSource): Promise<FileDigests> {
  const opened = await source.open({...reading(request, listed), wantSha512: true});
  await new Promise((resolve, reject) => opened.bytes.once('end', resolve).once('error', reject).resume());
  const {digests, unwrapped} = opened.facts();
  return {served: digests, ...(unwrapped && {stored: unwrapped})};
}

function reading(request: FindRequest, {url}: Version): SourceRequest {
  const {definition, limits, signal} = request;
  return {
    urls: [url],
    baseDir: folderOf(definition, request),
    format: definition.format,
    signal,
    limits: limitsOf(limits, definition.limits),
  };
}
