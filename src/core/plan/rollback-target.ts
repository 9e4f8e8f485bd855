import {ImgmgrError, formatPosition} from '../../errors.ts';
import type {Definition} from '../definition/definition.ts';
import type {Policy} from '../policy.ts';
import {isPulled} from '../image/revocation.ts';
import {didYouMean} from '../nearest.ts';
import {byLastPublished} from '../release/find-image.ts';
import type {OwnImage} from '../release/release.ts';
import type {Revoked} from '../release/revoked.ts';
import {revokedOf} from '../release/revoked.ts';
import {compareVersions} from '../release/version.ts';
import {readVerdict} from '../verdict/record.ts';
import {mayReturn} from './choose-current.ts';

/** What a rollback is planned from: one definition on one cloud. */
export interface RevocationInput {
  readonly definition: Definition;
  readonly images: readonly OwnImage[];
  readonly policy: Policy;
}

/** What a rollback goes back to. */
export interface RollbackTarget {
  /** The image that gets the name. */
  readonly target: OwnImage;
  /** The current image, which is revoked. Absent where none is current, or an earlier rollback revoked it and died. */
  readonly subject?: OwnImage;
  /** The other images that are newer than the target, and not revoked yet. */
  readonly revoke: readonly OwnImage[];
  /** Pulled images: until they are not, nothing older than them takes the name. */
  readonly release: readonly OwnImage[];
}

/** The newest version that was published once, is older than the current one, and is neither revoked nor failed; or the one asked for. */
export function chooseTarget(input: RevocationInput, to: string | undefined): RollbackTarget {
  const revoked = revokedOf(input.definition, input.images);
  const published = newestFirst(publishedOf(input));
  const current = published.filter(({stamp}) => stamp.state === 'current');
  // One that is revoked and bears the name still: an earlier rollback died, and what it chose is not revoked in turn.
  const isUnfinished = current.some(revoked.image);
  const subject = isUnfinished ? undefined : current[0];
  const look: Look = {input, revoked, published, subject};
  const target = to === undefined ? newestTarget(look) : demandedTarget(look, to);
  const isNewer = ({stamp}: OwnImage): boolean => compareVersions(stamp.version, target.stamp.version) > 0;
  const wanted = published.filter((own) => own !== target && isNewer(own));
  const revoke = wanted.filter((own) => own !== subject && !revoked.image(own));
  return {
    target,
    ...(subject && {subject}),
    revoke,
    release: wanted.filter(({image}) => isPulled(image)),
  };
}

/** Published once: current or retired. */
export function publishedOf({images}: Pick<RevocationInput, 'images'>): OwnImage[] {
  return images.filter(({stamp}) => stamp.state === 'current' || stamp.state === 'retired');
}

/** The newest version first; of one version the current image, then the one made last. */
export function newestFirst(images: readonly OwnImage[]): OwnImage[] {
  return [...images].sort((a, b) => compareVersions(b.stamp.version, a.stamp.version) || byLastPublished(a, b));
}

interface Look {
  readonly input: RevocationInput;
  readonly revoked: Revoked;
  /** Newest first. */
  readonly published: readonly OwnImage[];
  /** The image that is to be revoked; absent where none is current, or only revoked ones are. */
  readonly subject: OwnImage | undefined;
}

function newestTarget(look: Look): OwnImage {
  const found = look.published.find((own) => obstacleTo(look, own) === undefined);
  if (found) return found;
  const {input, published, subject} = look;
  const {name, place} = input.definition;
  const others = published.filter((own) => own !== subject);
  const there = others.map((own) => `${own.stamp.version} (${obstacleTo(look, own) ?? ''})`).join(', ');
  const what = subject
    ? `take the place of ${name} ${subject.stamp.version} (image ${subject.image.id})`
    : `be published as ${name}`;
  throw new ImgmgrError(
    'NOT_FOUND',
    `no other version can ${what}; there ${there === '' ? 'is none' : `are: ${there}`}`,
    {
      place: formatPosition(place),
      hint: 'list another version and run manage; or take the image away with nothing in its place: rollback --pull',
    },
  );
}

/** USAGE where the version is not one to go back to. */
function demandedTarget(look: Look, to: string): OwnImage {
  const {input, published} = look;
  const {name} = input.definition;
  const found = published.filter(({stamp}) => stamp.version === to);
  const target = found.find((own) => obstacleTo(look, own) === undefined);
  if (target) return target;
  const [first] = found;
  const versions = published.filter((own) => obstacleTo(look, own) === undefined).map(({stamp}) => stamp.version);
  const choice =
    versions.length > 0
      ? `versions to go back to: ${[...new Set(versions)].slice(0, 10).join(', ')}`
      : 'there is no version to go back to';
  if (first) {
    const obstacle = obstacleTo(look, first) ?? '';
    const hint = look.revoked.image(first) ? `lift that first: imgmgr rollback --undo "${name}" "${to}"` : choice;
    throw new ImgmgrError('USAGE', `${name} ${to} (image ${first.image.id}) cannot take the name: ${obstacle}`, {hint});
  }
  const candidate = input.images.find(({stamp}) => stamp.version === to);
  if (candidate) {
    const why =
      candidate.stamp.state === 'quarantined' ? 'failed its verification and is quarantined' : 'was never published';
    throw new ImgmgrError('USAGE', `${name} ${to} (image ${candidate.image.id}) ${why}`, {hint: choice});
  }
  throw new ImgmgrError('USAGE', `there is no version "${to}" of ${name} on this cloud`, {
    hint: didYouMean(to, versions) ?? choice,
  });
}

/** Why an image cannot take the name, one clause; undefined: it can. */
function obstacleTo({input, revoked, subject}: Look, own: OwnImage): string | undefined {
  if (own === subject) return 'it is the current one';
  if (revoked.image(own)) return 'it is revoked';
  const verdict = readVerdict(own.image);
  if (verdict?.kind === 'fail') return `it failed its verification: ${verdict.cause}`;
  if (subject && compareVersions(own.stamp.version, subject.stamp.version) > 0)
    return `it is newer than the current ${subject.stamp.version}`;
  if (subject && own.stamp.version === subject.stamp.version) return 'it is the version that is to be revoked';
  if (own.stamp.state === 'retired' && !mayReturn(own, input))
    return 'somebody changed it by hand; --force-state takes it all the same';
  return undefined;
}
