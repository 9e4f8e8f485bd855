import type {Readable} from 'node:stream';
import {ImgmgrError} from '../errors.ts';
import type {Web} from './download/follow.ts';
import {createFileKind} from './kinds/file.ts';
import type {Patience} from './kinds/http.ts';
import {createHttpKind} from './kinds/http.ts';
import {createStdinKind} from './kinds/stdin.ts';
import {showUrl} from './show-url.ts';
import type {SourceKind} from './served.ts';

/** Every kind of source, one per module in `kinds/`. */
export function createKinds(given: {web: Web; patience: Patience; stdin: Readable | undefined}): readonly SourceKind[] {
  return [createHttpKind(given.web, given.patience), createFileKind(), createStdinKind(given.stdin)];
}

/** The kind that reads an address; SOURCE_REFUSED when none does. */
export function kindFor(kinds: readonly SourceKind[], url: string): SourceKind {
  const kind = kinds.find((each) => each.claims(url));
  if (kind !== undefined) return kind;
  throw new ImgmgrError('SOURCE_REFUSED', `no source reads ${showUrl(url)}`, {
    hint: 'use http://, https://, file:path or file:///path',
  });
}
