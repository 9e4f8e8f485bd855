import type {Definition} from '../definition/definition.ts';
import type {BuildRelease, OwnImage} from '../release/release.ts';
import {byLastPublished} from '../release/find-image.ts';
import {revokedOf} from '../release/revoked.ts';
import {compareVersions} from '../release/version.ts';
import {buildDateOf, isDue, nextVersion} from './due.ts';

/** The property that says what a built image was made from. */
export const INPUTS_PROPERTY = 'imgmgr_inputs';

/** What decides which build a definition wants. */
export interface BuildQuestion {
  readonly definition: Definition;
  /** Hash of the inputs as they are now; undefined: builds are left out (`--no-build`). */
  readonly inputs: string | undefined;
  readonly images: readonly OwnImage[];
  /** Finished builds of this definition on this host. */
  readonly artifacts: readonly {readonly version: string; readonly inputs: string}[];
  /** `--rebuild`: the version of the newest build before this run began; only newer ones count. */
  readonly rebuild?: {readonly after: string | undefined};
  readonly now: Date;
}

/** The one build that a definition wants; `release` is absent where there is none and none may be made. */
export interface BuildChoice {
  readonly release?: BuildRelease;
  /** Why, one clause. */
  readonly reason: string;
}

/**
 * Chooses the build that a definition wants: the newest published one that is not revoked, a newer one of the same inputs that waits to be published, one that was
 * begun or is here as an artifact, or a new one.
 * The identity of a build is the hash of its inputs; its version is the day on which it began.
 */
export function chooseBuild(question: BuildQuestion): BuildChoice {
  const {definition, inputs, rebuild} = question;
  const revoked = revokedOf(definition, question.images);
  const isPublished = ({stamp}: OwnImage): boolean => stamp.state === 'current' || stamp.state === 'retired';
  // A revoked build is not wanted, but what it was made from is not built again for its own sake.
  const current = newest(question, isPublished);
  const kept = newest(question, (own) => isPublished(own) && !revoked.image(own));
  // Built again, and not published then, as with --no-publish or while the definition was held.
  const waiting = newest(question, (own) => {
    const isNewest = current === undefined || compareVersions(own.stamp.version, current.stamp.version) > 0;
    return isWaiting(own) && isNewest && !revoked.image(own) && (inputs === undefined || inputsOf(own) === inputs);
  });
  if (inputs === undefined) {
    const there = waiting ?? kept;
    if (!there) return {reason: 'is not built (--no-build), and there is no image of it'};
    return imageChoice(definition, there, 'builds are left out (--no-build)');
  }
  const frequency = definition.meta['replace_frequency'];
  const age = (version: string): boolean => isDue(version, frequency, question.now);
  const old = current?.stamp.version;
  const why = reasonToBuild(question, current, age);
  if (why === undefined && current) {
    if (waiting) return imageChoice(definition, waiting, 'it was built again and waits to be published');
    if (!kept) return {reason: REVOKED_BUILDS};
    const reason =
      kept === current ? 'what it is built from is unchanged' : `the build of ${current.stamp.version} is revoked`;
    return imageChoice(definition, kept, reason);
  }
  const isNewer = (version: string): boolean =>
    (old === undefined || compareVersions(version, old) > 0) &&
    (rebuild === undefined || rebuild.after === undefined || compareVersions(version, rebuild.after) > 0) &&
    !age(version);
  const begun = newest(question, (own) => isUnfinished(own) && inputsOf(own) === inputs && isNewer(own.stamp.version));
  if (begun) return imageChoice(definition, begun, 'its build was begun by an earlier run');
  const artifact = [...question.artifacts]
    .filter((one) => one.inputs === inputs && isNewer(one.version))
    .sort((a, b) => compareVersions(b.version, a.version))[0];
  if (artifact)
    return buildChoice(definition, {version: artifact.version, inputs, why: `${why ?? ''}; its build is here already`});
  const taken = new Set([
    ...question.images.map(({stamp}) => stamp.version),
    ...question.artifacts.map(({version}) => version),
  ]);
  return buildChoice(definition, {version: nextVersion(question.now, taken), inputs, why: why ?? ''});
}

const REVOKED_BUILDS =
  'every build of it is revoked, and what it is built from is unchanged (--rebuild builds it again)';

function reasonToBuild(
  {inputs, rebuild}: BuildQuestion,
  current: OwnImage | undefined,
  age: (version: string) => boolean,
): string | undefined {
  if (!current) return 'no image of it is there';
  const {version} = current.stamp;
  if (inputsOf(current) !== inputs) return 'what it is built from has changed';
  if (age(version)) return `the build of ${version} is due to be replaced`;
  const isOld = rebuild !== undefined && (rebuild.after === undefined || compareVersions(version, rebuild.after) <= 0);
  return isOld ? 'is built again (--rebuild)' : undefined;
}

function newest({images}: BuildQuestion, fits: (own: OwnImage) => boolean): OwnImage | undefined {
  return images
    .filter(fits)
    .sort((a, b) => compareVersions(b.stamp.version, a.stamp.version) || byLastPublished(a, b))[0];
}

function isUnfinished({stamp}: OwnImage): boolean {
  return stamp.state !== 'current' && stamp.state !== 'retired';
}

function isWaiting({stamp}: OwnImage): boolean {
  return stamp.state === 'ready' || stamp.state === 'pending';
}

function inputsOf({image}: OwnImage): string | undefined {
  return image.properties[INPUTS_PROPERTY];
}

function imageChoice(definition: Definition, own: OwnImage, why: string): BuildChoice {
  return buildChoice(definition, {version: own.stamp.version, inputs: inputsOf(own) ?? '', why});
}

/** Nobody can fetch a build: its image says `private` unless the definition names where it comes from. */
function buildChoice(
  definition: Definition,
  {version, inputs, why}: {readonly version: string; readonly inputs: string; readonly why: string},
): BuildChoice {
  const date = buildDateOf(version);
  const source = definition.build?.source ?? 'private';
  const build = {inputs, why, source, ...(date !== undefined && {date})};
  return {release: {kind: 'build', version, place: definition.place, build}, reason: why};
}
