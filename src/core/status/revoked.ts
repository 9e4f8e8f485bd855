import type {Definition} from '../definition/definition.ts';
import {REVOKED_REASON_PROPERTY, readRevocation} from '../image/revocation.ts';
import type {Image} from '../image/image.ts';
import type {OwnImage} from '../release/release.ts';
import type {Revoked} from '../release/revoked.ts';

/** When and why an image was revoked, one clause; null where it is not. */
export function revokedText(image: Image, definition?: Pick<Definition, 'versions'>): string | null {
  const listed = definition?.versions.find(({version}) => version === image.properties['imgmgr_version'])?.revoked;
  const mark = readRevocation(image);
  if (mark.kind === 'none') return listed === undefined ? null : `its definition revokes it: ${listed}`;
  const reason = image.properties[REVOKED_REASON_PROPERTY] ?? listed;
  const why = reason === undefined ? '' : `: ${reason}`;
  if (mark.kind === 'unreadable') return `revoked by a mark that imgmgr did not write ("${mark.text}")${why}`;
  const {date, pulled} = mark.revocation;
  return `${pulled ? 'pulled' : 'revoked'} on ${date}${why}`;
}

/** Why a definition has no current image: the last one was pulled; undefined where it was not. */
export function pulledText(superseded: readonly OwnImage[], {pulled}: Pick<Revoked, 'pulled'>): string | undefined {
  const image = superseded.find(({stamp}) => stamp.version === pulled)?.image;
  if (pulled === undefined || !image) return undefined;
  return `${pulled} was ${revokedText(image) ?? 'pulled'}; a newer version, rollback or rollback --undo brings the name back`;
}
