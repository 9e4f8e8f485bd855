import type {Version} from '../core/definition/definition.ts';
import {folderOf} from '../core/definition/definition.ts';
import {limitsOf} from '../core/limits.ts';
import type {ImageSource, SourceRequest} from '../ports/image-source.ts';
import type {FindRequest, FoundLatest, UpstreamFile} from '../ports/release-finder.ts';
import {upstreamDigest} from './upstream-digest.ts';

/** The entry `latest`: its digest is read now, the time of its last change and its size when they are asked for. */
export async function findLatest(request: FindRequest, listed: Version, source: ImageSource): Promise<FoundLatest> {
  const {definition, limits, signal} = request;
  const digest = await upstreamDigest(request, listed, source);
  const {url, mirrorUrl} = listed;
  const file = {
    urls: mirrorUrl === undefined ? [url] : [mirrorUrl, url],
    baseDir: folderOf(definition, request),
    format: definition.format,
    limits: limitsOf(limits, definition.limits),
    signal,
  };
  let answer: Promise<UpstreamFile> | undefined;
  return {
    kind: 'latest',
    listed,
    ...(digest && {digest}),
    look: () => (answer ??= lookAt(source, file)),
  };
}

async function lookAt(source: ImageSource, file: SourceRequest): Promise<UpstreamFile> {
  const {lastModified, size} = await source.probe(file);
  return {...(lastModified && {changedAt: lastModified}), ...(size !== undefined && {size})};
}
