import type {Definition} from '../definition/definition.ts';
import {findDrift} from '../image/drift.ts';
import {currentForm, formContext} from '../image/form.ts';
import type {Image} from '../image/image.ts';
import type {Hold, HoldRecord} from '../hold.ts';
import {holdOfAll, latestHold, shownHold} from '../hold.ts';
import {isNewerSchema} from '../image/record.ts';
import {isSnapshot, readStamp} from '../image/stamp.ts';
import {DEFAULT_POLICY} from '../policy.ts';
import type {OwnImage} from '../release/release.ts';
import {releaseOf} from '../release/release.ts';
import type {Revoked} from '../release/revoked.ts';
import {revokedOf} from '../release/revoked.ts';
import {byLastPublished} from '../release/find-image.ts';
import {LATEST} from '../release/version.ts';
import {rankSuperseded} from '../retention.ts';
import type {Judged, LiveAudit} from '../rules/live-audit.ts';
import {releaseOfImage} from '../rules/own-subject.ts';
import {readVerdict} from '../verdict/record.ts';
import {imageFacts} from './image-facts.ts';
import {newerThan, newestWanted} from './newer.ts';
import {pulledText, revokedText} from './revoked.ts';
import type {RowState, StatusRow} from './row.ts';
import type {Scale} from './scale.ts';
import {judgedPart} from './scale.ts';

/** What the rows of one cloud are made from. */
export interface RowsInput {
  readonly cloud: string;
  /** Images of ours, leases left out. */
  readonly own: readonly OwnImage[];
  /** All definitions that were read. */
  readonly definitions: readonly Definition[];
  /** False for a definition that nobody asked about. */
  readonly isAsked: (definition: string) => boolean;
  /** True: what concerns no single image was asked about, too. */
  readonly isWhole: boolean;
  readonly audit: LiveAudit;
  readonly scale: Scale;
  /** The holds on the cloud, and the time by its clock. */
  readonly held: {readonly holds: readonly HoldRecord[]; readonly now: Date};
  /** Newer versions that finders know upstream, by definition; absent: nobody was asked. */
  readonly upstream?: ReadonlyMap<string, string>;
}

/**
 * The rows of one cloud: one for each definition (each listed version, where every one bears a name of its own), and one for each image that
 * is quarantined, half made or not published; images whose definition is gone or disabled too, and what concerns no single image.
 */
export function rowsOf(input: RowsInput): readonly StatusRow[] {
  const byDefinition = Map.groupBy(input.own, ({stamp}) => stamp.definition);
  const known = new Map(input.definitions.map((definition) => [definition.name, definition]));
  const names = new Set([...known.keys(), ...byDefinition.keys()]);
  const general = rowWith(input, {state: 'cloud', judged: [input.audit.general]});
  return [
    ...[...names]
      .filter((name) => input.isAsked(name))
      .flatMap((name) => definitionRows(input, groupOf(name, known.get(name), byDefinition.get(name) ?? []))),
    ...(input.isWhole && general.findings.length + general.ahead.length > 0 ? [general] : []),
  ];
}

/** Images of ours that a later version of imgmgr described, so that their stamp cannot be read whole. */
export function ofNewerFormat(images: readonly Image[], projectId: string): readonly OwnImage[] {
  return images.flatMap((image) => {
    const {imgmgr_definition: definition, imgmgr_version: version = '', imgmgr_state: state} = image.properties;
    const isOurs = image.owner === projectId && isNewerSchema(image) && !isSnapshot(image);
    if (!isOurs || definition === undefined || state === 'lease' || readStamp(image)) return [];
    return [{image, stamp: {definition, version, state: 'current', run: '', keys: [], adHoc: false}}];
  });
}

/** The row of a cloud that could not be looked at. */
export function unreachableRow(cloud: string, reason: string): StatusRow {
  return {...EMPTY, cloud, state: 'unreachable', detail: reason, offending: true};
}

/** The row of an image that the cloud offers and that is not ours. */
export function otherRow(
  {cloud, scale}: Pick<RowsInput, 'cloud' | 'scale'>,
  image: Pick<StatusRow, 'image' | 'name' | 'owner' | 'built'>,
  judged: readonly Judged[],
): StatusRow {
  return {...EMPTY, cloud, ...image, ...judgedPart(judged, scale), state: 'not-ours'};
}

const EMPTY: Omit<StatusRow, 'cloud' | 'state'> = {
  definition: null,
  image: null,
  name: null,
  owner: null,
  version: null,
  built: null,
  digest: null,
  until: null,
  newer: null,
  verified: null,
  redOn: null,
  detail: null,
  hold: null,
  offending: false,
  findings: [],
  ahead: [],
  superseded: [],
};

/** A definition, read or gone, and its images. */
interface Group {
  readonly name: string;
  readonly definition: Definition | undefined;
  readonly images: readonly OwnImage[];
  readonly revoked: Revoked;
}

function groupOf(name: string, definition: Definition | undefined, images: readonly OwnImage[]): Group {
  return {name, definition, images, revoked: revokedOf(definition ?? {versions: []}, images)};
}

function definitionRows(input: RowsInput, group: Group): readonly StatusRow[] {
  const {definition, images} = group;
  const inState = (...states: readonly string[]): OwnImage[] =>
    images.filter(({stamp}) => states.includes(stamp.state));
  const current = inState('current').sort(byLastPublished);
  const superseded = rankSuperseded(inState('retired'));
  const [first, ...others] = current;
  const wholeRow = first
    ? currentRow(input, group, {own: first, superseded})
    : isWanted(definition) || superseded.length > 0
      ? absentRow(input, group, superseded)
      : undefined;
  return [
    ...(wholeRow ? [wholeRow] : []),
    ...others.map((own) => currentRow(input, group, {own, superseded: []})),
    ...(first ? absentVersions(input, group, current) : []),
    ...inState('quarantined', 'importing', 'pending', 'ready').map((own) => candidateRow(input, group, own)),
  ];
}

interface Current {
  readonly own: OwnImage;
  readonly superseded: readonly OwnImage[];
}

function currentRow(input: RowsInput, group: Group, {own, superseded}: Current): StatusRow {
  const judged = [own, ...superseded].flatMap(({image}) => input.audit.byImage.get(image.id) ?? []);
  const newer = newerThan(own.stamp.version, group, input.upstream?.get(group.name));
  const {name: definition, revoked} = group;
  return rowWith(input, {...stateOf(group, own), ...{judged, own, superseded, newer, definition, revoked}});
}

function absentRow(input: RowsInput, group: Group, superseded: readonly OwnImage[]): StatusRow {
  const {definition, name, revoked} = group;
  const pulled = pulledText(superseded, revoked);
  const missing = pulled === undefined ? 'missing' : 'pulled';
  const state = definition === undefined ? 'definition-gone' : definition.enabled ? missing : 'disabled';
  return rowWith(input, {
    ...{state, revoked},
    detail: state === 'missing' ? MISSING : (pulled ?? 'only superseded images are there'),
    judged: superseded.flatMap(({image}) => input.audit.byImage.get(image.id) ?? []),
    superseded,
    definition: name,
    newer: definition?.enabled === true ? (newestWanted(definition, revoked) ?? null) : null,
  });
}

const MISSING = 'it has no current image; the next manage makes one';

/** True for an enabled definition that offers something. */
function isWanted(definition: Definition | undefined): boolean {
  if (definition?.enabled !== true) return false;
  return definition.build !== undefined || definition.versions.some(({revoked}) => revoked === undefined);
}

/** Where every version bears a name of its own, each that is listed is an image. */
function absentVersions(
  input: RowsInput,
  {name, definition, revoked}: Group,
  current: readonly OwnImage[],
): readonly StatusRow[] {
  if (!definition?.enabled || definition.multi) return [];
  const there = new Set(current.map(({stamp}) => stamp.version));
  return definition.versions
    .filter((each) => each.version !== LATEST && !there.has(each.version) && !revoked.release(releaseOf(each)))
    .map(({version}) =>
      rowWith(input, {state: 'missing', detail: MISSING, judged: [], definition: name, newer: version}),
    );
}

function candidateRow(input: RowsInput, group: Group, own: OwnImage): StatusRow {
  const {image, stamp} = own;
  const verdict = readVerdict(image);
  const checks = verdict && verdict.failed.length > 0 ? ` (${verdict.failed.join(', ')})` : '';
  const details: Readonly<Record<string, string>> = {
    quarantined: `it failed its verification${verdict ? `: ${verdict.cause}${checks}` : ''}`,
    importing: `run ${stamp.run} makes it, or left it half made`,
    pending: 'the cloud makes it, the next manage goes on with it',
    ready: 'it is complete and not published',
  };
  const state = CANDIDATE_STATES.find((each) => each === stamp.state) ?? 'importing';
  return rowWith(input, {
    state: isNewerSchema(image) ? 'newer-format' : state,
    detail: details[state] ?? '',
    judged: [input.audit.byImage.get(image.id) ?? NOTHING],
    own,
    definition: group.name,
    newer: null,
  });
}

const CANDIDATE_STATES = ['quarantined', 'importing', 'pending', 'ready'] as const;
const NOTHING: Judged = {findings: [], ahead: []};

function stateOf({definition, revoked}: Group, own: OwnImage): {readonly state: RowState; readonly detail?: string} {
  if (isNewerSchema(own.image))
    return {state: 'newer-format', detail: 'a later version of imgmgr described it: use that version'};
  if (own.stamp.adHoc) return {state: 'ok'};
  if (definition === undefined)
    return {state: 'definition-gone', detail: 'its definition is in no file that was read, so it stays as it is'};
  if (!definition.enabled) return {state: 'disabled', detail: 'its definition is disabled, so it stays as it is'};
  if (revoked.image(own))
    return {
      state: 'revoked',
      detail: `${revokedText(own.image, definition) ?? 'its version is revoked'}; it bears the name still`,
    };
  const byHand = changedByHand(own, definition);
  return byHand.length > 0 ? {state: 'changed-by-hand', detail: byHand.join(', ')} : {state: 'ok'};
}

/** What somebody changed on the cloud, as `manage` sees it. */
function changedByHand(own: OwnImage, definition: Definition): readonly string[] {
  const release = releaseOfImage(own, definition);
  if (!release) return [];
  const form = currentForm(formContext({definition, release, policy: DEFAULT_POLICY, adHoc: false}));
  return findDrift(own, form, false).byHand;
}

interface RowParts {
  readonly state: RowState;
  readonly detail?: string;
  readonly judged: readonly Judged[];
  readonly own?: OwnImage;
  readonly superseded?: readonly OwnImage[];
  readonly definition?: string;
  readonly newer?: string | null;
  readonly revoked?: Revoked;
}

function rowWith({cloud, scale, held, definitions}: RowsInput, parts: RowParts): StatusRow {
  const {state, detail = null, judged, own, superseded = [], definition = null, newer = null, revoked} = parts;
  const part = judgedPart(judged, scale);
  const verdict = own && readVerdict(own.image);
  return {
    ...EMPTY,
    cloud,
    definition,
    ...(own && imageFacts(own)),
    newer,
    ...(verdict && {verified: {kind: verdict.kind, cause: verdict.cause, at: verdict.at}}),
    state,
    detail,
    hold: shownHold(holdFor(definition, definitions, held.holds), held.now),
    ...part,
    offending: part.offending || OFFENDING.has(state),
    superseded: superseded.map((each) => ({
      ...{image: each.image.id, name: each.image.name, version: each.stamp.version},
      revoked: revoked?.image(each) === true,
    })),
  };
}

/** Of a row that is about no definition: the hold of every one. */
function holdFor(
  name: string | null,
  definitions: readonly Definition[],
  holds: readonly HoldRecord[],
): Hold | undefined {
  if (name === null) return holdOfAll(holds);
  return latestHold(definitions.find((definition) => definition.name === name) ?? {name}, holds);
}

/** States that somebody has to do something about. */
const OFFENDING: ReadonlySet<RowState> = new Set([
  ...(['missing', 'definition-gone', 'changed-by-hand', 'quarantined', 'newer-format', 'unreachable'] as const),
  ...(['revoked', 'pulled'] as const),
]);
