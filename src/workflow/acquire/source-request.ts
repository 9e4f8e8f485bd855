import type {SourceRequest} from '../../ports/image-source.ts';
import {folderOf} from '../../core/definition/definition.ts';
import {limitsOf} from '../../core/limits.ts';
import type {AcquireContext, AcquireTask} from './types.ts';
import {conversionOf} from './staging.ts';

/** How the source of a release is asked. */
export function sourceRequest(context: AcquireContext, {definition, release, artifact}: AcquireTask): SourceRequest {
  const {listed, digest} = release;
  return {
    urls: listed.mirrorUrl === undefined ? [listed.url] : [listed.mirrorUrl, listed.url],
    baseDir: folderOf(definition, context),
    format: definition.format,
    // Hashing costs more than sending; the demanded digest is what counts, and a build has none until now.
    wantSha512: artifact !== undefined || needsOwnDigest(context, {definition, release}),
    limits: limitsOf(context.options.limits, definition.limits),
    signal: context.signal,
    ...(digest && {digest}),
    // Only a digest of the definition itself: a published one may come over the same way.
    ...(listed.allowHttpRedirect === true && listed.checksum !== undefined && {allowHttpRedirect: true}),
  };
}

/** An image of the command line that is converted: only a digest of the source lets a second import recognise it. */
export function needsOwnDigest(
  context: AcquireContext,
  {definition, release}: Pick<AcquireTask, 'definition' | 'release'>,
): boolean {
  return context.adHoc && release.digest === undefined && conversionOf(context, definition) !== undefined;
}
