import type {Digest} from '../release/digest.ts';
import {formatDigest, parseDigest} from '../release/digest.ts';
import type {Image} from './image.ts';

/** The property that says that the version of an image is not wanted any more. */
export const REVOKED_PROPERTY = 'imgmgr_revoked';
/** The operator's reason, where tenants may read it (`--public-reason`). */
export const REVOKED_REASON_PROPERTY = 'imgmgr_revoked_reason';

/** What an image says about its revocation. */
export interface Revocation {
  readonly version: string;
  /** Of the bytes that are revoked; absent where none is known. */
  readonly digest?: Digest;
  /** ISO 8601, whole seconds, UTC. */
  readonly date: string;
  /** No older version takes its place either (`rollback --pull`). */
  readonly pulled: boolean;
}

/** What stands on an image; `unreadable`: `text` is no revocation that this version writes, which counts as one all the same. */
export type RevocationMark =
  | {readonly kind: 'none'}
  | {readonly kind: 'revoked'; readonly revocation: Revocation}
  | {readonly kind: 'unreadable'; readonly text: string};

/** `version=20261101 digest=sha256:… date=2026-11-27T03:40:00Z pulled=no`; blanks and percent signs of a version are percent-encoded. */
export function formatRevocation({version, digest, date, pulled}: Revocation): string {
  const encoded = version.replace(/[% \t\r\n]/g, (c) => `%${c.charCodeAt(0).toString(16).padStart(2, '0')}`);
  const known = digest ? [`digest=${formatDigest(digest)}`] : [];
  return [`version=${encoded}`, ...known, `date=${date}`, `pulled=${pulled ? 'yes' : 'no'}`].join(' ');
}

/** Reads the revocation; fields that this version does not know are passed over. */
export function readRevocation({properties}: Pick<Image, 'properties'>): RevocationMark {
  const text = properties[REVOKED_PROPERTY];
  if (text === undefined) return {kind: 'none'};
  const fields = new Map(text.split(' ').map((pair) => [pair.split('=')[0] ?? '', pair.slice(pair.indexOf('=') + 1)]));
  const version = fields
    .get('version')
    ?.replace(/%([0-9a-f]{2})/g, (_, hex: string) => String.fromCharCode(parseInt(hex, 16)));
  const date = fields.get('date') ?? '';
  const isWhole = version !== undefined && /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/.test(date);
  if (!isWhole || version !== properties['imgmgr_version']) return {kind: 'unreadable', text};
  const digest = parseDigest(fields.get('digest') ?? '');
  return {
    kind: 'revoked',
    revocation: {version, date, pulled: fields.get('pulled') === 'yes', ...(digest && {digest})},
  };
}

/** True when the image itself is revoked, readable or not. */
export function isMarkedRevoked({properties}: Pick<Image, 'properties'>): boolean {
  return properties[REVOKED_PROPERTY] !== undefined;
}

/** True when nothing older may take the place of the image. */
export function isPulled(image: Pick<Image, 'properties'>): boolean {
  const mark = readRevocation(image);
  return mark.kind === 'revoked' && mark.revocation.pulled;
}
