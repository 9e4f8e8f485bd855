import type {Definition} from '../definition/definition.ts';
import type {Image} from '../image/image.ts';
import {isMarkedRevoked} from '../image/revocation.ts';
import {isNewerSchema, remembered, SOURCE_FACT} from '../image/record.ts';
import {phaseOfImage} from '../phase/of-image.ts';
import {readStamp} from '../image/stamp.ts';
import {formatDigest} from '../release/digest.ts';
import type {OwnImage} from '../release/release.ts';
import {revokedOf} from '../release/revoked.ts';
import {heldDigests, recordedDigests} from '../release/same-bytes.ts';
import {rankSuperseded} from '../retention.ts';
import type {Judged} from '../rules/live-audit.ts';
import {newestListed} from '../rules/own-subject.ts';
import {readVerdict} from '../verdict/record.ts';
import {revokedText} from './revoked.ts';
import type {ChainLink, ShownDefinition, ShownImage} from './shown.ts';

/** The definition as it is shown. */
export function shownDefinition(definition: Definition): ShownDefinition {
  const {name, enabled, place, multi, visibility, build, versions} = definition;
  const newest = newestListed(definition) ?? null;
  const listed = versions.map(({version}) => version);
  return {...{name, enabled, place, multi, visibility, newest}, isBuilt: build !== undefined, versions: listed};
}

/** The image as it is shown. */
export function shownImage(image: Image, {findings, ahead}: Judged, evidence: string | undefined): ShownImage {
  const {properties, ...rest} = image;
  const stamp = readStamp(image);
  const digests = stamp ? recordedDigests({image, stamp}) : [];
  return {
    ...rest,
    ...phaseOfImage(image),
    properties: Object.fromEntries(Object.entries(properties).filter(([key]) => !key.startsWith('imgmgr_'))),
    digests: {glance: heldDigests({image}).map(formatDigest), imgmgr: digests.map(formatDigest)},
    source: properties['image_source'] ?? null,
    origin: remembered(image, SOURCE_FACT) ?? null,
    stamp: stamp ? {definition: stamp.definition, version: stamp.version, state: stamp.state, run: stamp.run} : null,
    verdict: readVerdict(image) ?? null,
    revoked: revokedText(image),
    evidence: evidence ?? null,
    findings,
    ahead: ahead.map(({from, finding}) => ({...finding, from: new Date(from).toISOString()})),
  };
}

/** The images of one definition, the newest version first, with why each failed one is quarantined, and which are revoked. */
export function chainOf(images: readonly OwnImage[], definition?: Definition): readonly ChainLink[] {
  const revoked = revokedOf(definition ?? {versions: []}, images);
  return rankSuperseded(images).map((own) => linkOf(own.image, {isRevoked: revoked.image(own), definition}));
}

interface LinkContext {
  readonly isRevoked: boolean;
  readonly definition: Definition | undefined;
}

/** One image in a list. */
export function linkOf(
  image: Image,
  {isRevoked, definition}: LinkContext = {isRevoked: isMarkedRevoked(image), definition: undefined},
): ChainLink {
  const {id, name, owner, visibility, createdAt} = image;
  const stamp = readStamp(image);
  const verdict = readVerdict(image);
  const failed = stamp?.state === 'quarantined' && verdict ? [verdict.cause, ...verdict.failed].join(', ') : null;
  return {
    ...{image: id, name, owner, visibility, createdAt},
    version: stamp?.version ?? null,
    state: stamp?.state ?? null,
    reason: isNewerSchema(image)
      ? 'a later version of imgmgr described it'
      : (failed ?? (isRevoked ? (revokedText(image, definition) ?? 'its version is revoked') : null)),
    revoked: isRevoked,
  };
}
