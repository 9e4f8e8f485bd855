import type {Version} from '../core/definition/definition.ts';
import {folderOf} from '../core/definition/definition.ts';
import {limitsOf} from '../core/limits.ts';
import type {ImageSource} from '../ports/image-source.ts';
import type {FindRequest, FoundLatest} from '../ports/release-finder.ts';
import {upstreamDigest} from './upstream-digest.ts';

/** The entry `latest`: its digest is read now, the time of its last change when it is asked. */
export async function findLatest(request: FindRequest, listed: Version, source: ImageSource): Promise<FoundLatest> {
  const {definition, limits, signal} = request;
  const digest = await upstreamDigest(request, listed, source);
  const {url, mirrorUrl} = listed;
  const look = {
    urls: mirrorUrl === undefined ? [url] : [mirrorUrl, url],
    baseDir: folderOf(definition, request),
    format: definition.format,
    limits: limitsOf(limits, definition.limits),
    signal,
  };
  return {
    kind: 'latest',
    listed,
    ...(digest && {digest}),
    changedAt: async () => (await source.probe(look)).lastModified,
  };
}
