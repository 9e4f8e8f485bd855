import type {Version} from '../core/definition/definition.ts';
import {folderOf} from '../core/definition/definition.ts';
import {limitsOf} from '../core/limits.ts';
import type {FileDigests} from '../core/release/release.ts';
import type {ImageSource} from '../ports/image-source.ts';
import type {FindRequest, FoundVersion} from '../ports/release-finder.ts';
import {upstreamDigest} from './upstream-digest.ts';

/** A version that its definition names, with its digest, or with the way to the digests of its local file. */
export async function findListed(request: FindRequest, listed: Version, source: ImageSource): Promise<FoundVersion> {
  // A revoked version is never fetched, and its list of digests may be gone.
  const digest = listed.revoked === undefined ? await upstreamDigest(request, listed, source) : listed.checksum;
  if (digest) return {kind: 'listed', listed, digest};
  if (listed.revoked !== undefined || !listed.url.startsWith('file:')) return {kind: 'listed', listed};
  let answer: Promise<FileDigests> | undefined;
  return {kind: 'listed', listed, file: () => (answer ??= hashFile(request, listed, source))};
}

/** Reads the whole file as an import would. */
async function hashFile(request: FindRequest, {url}: Version, source: ImageSource): Promise<FileDigests> {
  const {definition, limits, signal} = request;
  const opened = await source.open({
    urls: [url],
    baseDir: folderOf(definition, request),
    format: definition.format,
    wantSha512: true,
    signal,
    limits: limitsOf(limits, definition.limits),
  });
  await new Promise((resolve, reject) => opened.bytes.once('end', resolve).once('error', reject).resume());
  const {digests, unwrapped} = opened.facts();
  return {served: digests, ...(unwrapped && {stored: unwrapped})};
}
