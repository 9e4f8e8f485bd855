import type {SourceRequest} from '../../ports/image-source.ts';
import {folderOf} from '../../core/definition/definition.ts';
import {limitsOf} from '../../core/limits.ts';
import type {AcquireContext, AcquireTask} from './types.ts';

/** What is asked of the source of a release, in all its places. */
export function sourceRequest(
  context: Pick<AcquireContext, 'baseDir' | 'options' | 'signal'>,
  what: Pick<AcquireTask, 'definition' | 'release'> & {readonly wantSha512: boolean},
): SourceRequest {
  const {definition, release, wantSha512} = what;
  const {listed, digest} = release;
  return {
    urls: listed.mirrorUrl === undefined ? [listed.url] : [listed.mirrorUrl, listed.url],
    baseDir: folderOf(definition, context),
    format: definition.format,
    wantSha512,
    limits: limitsOf(context.options.limits, definition.limits),
    signal: context.signal,
    ...(digest && {digest}),
    // Only a digest of the definition itself: a published one may come over the same way.
    ...(listed.allowHttpRedirect === true && listed.checksum !== undefined && {allowHttpRedirect: true}),
  };
}
