import {ImgmgrError} from '../errors.ts';
import {createFileKind} from './kinds/file.ts';
import {createHttpKind} from './kinds/http.ts';
import type {OciContext} from './kinds/oci/oci.ts';
import {createOciKind} from './kinds/oci/oci.ts';
import type {Piped} from './kinds/stdin.ts';
import {createStdinKind} from './kinds/stdin.ts';
import {showUrl} from './show-url.ts';
import type {SourceKind} from './served.ts';

/** Every kind of source, one per module in `kinds/`. */
export function createKinds(given: OciContext & {readonly stdin: Piped | undefined}): readonly SourceKind[] {
  const {web, patience, stdin} = given;
  return [createHttpKind(web, patience), createFileKind(), createStdinKind(stdin), createOciKind(given)];
}

/** The kind that reads an address; SOURCE_REFUSED when none does. */
export function kindFor(kinds: readonly SourceKind[], url: string): SourceKind {
  const kind = kinds.find((each) => each.claims(url));
  if (kind !== undefined) return kind;
  throw new ImgmgrError('SOURCE_REFUSED', `no source reads ${showUrl(url)}`, {
    hint: 'use http://, https://, oci://registry/repository:tag, file:path or file:///path',
  });
}
