import type {Definition} from '../definition/definition.ts';
import type {OwnImage} from '../release/release.ts';
import type {AuditInput} from './audit.ts';
import {audit, auditSubject} from './audit.ts';
import type {Finding} from './finding.ts';
import type {Foreseen} from './forecast.ts';
import {forecast} from './forecast.ts';
import type {OwnContext} from './own-subject.ts';
import {mendedSubject, ownSubject} from './own-subject.ts';
import type {Profile} from './profile.ts';
import type {Subject} from './subject.ts';
import {subjectSet} from './subject-set.ts';

/** The images of one cloud, and how they are judged; times are milliseconds since 1970. */
export interface LiveInput {
  readonly own: readonly OwnImage[];
  /** All definitions that were read, disabled ones among them. */
  readonly definitions: readonly Definition[];
  /** Offered images that are not ours. */
  readonly others?: readonly Subject[];
  /** True: {@link others} are all that the cloud offers. */
  readonly whole: boolean;
  readonly profile: Profile;
  readonly now: number;
  /** How far the forecast looks. */
  readonly until: number;
}

/** What is wrong now, and what will be from a moment on if nothing changes, the earliest first. */
export interface Judged {
  readonly findings: readonly Finding[];
  readonly ahead: readonly Foreseen[];
}

/** What the audit of a cloud found, by Glance id, and what concerns no single image. */
export interface LiveAudit {
  readonly byImage: ReadonlyMap<string, Judged>;
  readonly general: Judged;
}

/** Judges the images of one cloud, now and until then; of a finding that the next `manage` mends, `by` is `manage`. */
export function auditLive(input: LiveInput): LiveAudit {
  const contexts = contextsOf(input);
  const mended = new Map<string, Subject>();
  const subjects = input.own.map((own) => {
    const context = contexts(own);
    const after = mendedSubject(own, context);
    if (after) mended.set(own.image.id, after);
    return ownSubject(own, context);
  });
  const {profile, now, until} = input;
  const set = subjectSet([...subjects, ...(input.others ?? [])], input.whole);
  const rules = {set, profile, now};
  const byImage = new Map<string, {findings: Finding[]; ahead: Foreseen[]}>();
  const general: {findings: Finding[]; ahead: Foreseen[]} = {findings: [], ahead: []};
  const judgedOf = ({image}: Finding): typeof general => {
    if (image === undefined) return general;
    const known = byImage.get(image) ?? {findings: [], ahead: []};
    byImage.set(image, known);
    return known;
  };
  for (const finding of audit(rules)) judgedOf(finding).findings.push(withMender(finding, mended, rules));
  for (const {from, finding} of forecast(rules, until))
    judgedOf(finding).ahead.push({from, finding: withMender(finding, mended, {...rules, now: from})});
  return {byImage, general};
}

function contextsOf({own, definitions}: LiveInput): (own: OwnImage) => OwnContext {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const siblings = Map.groupBy(own, ({stamp}) => stamp.definition);
  return ({stamp}) => ({definition: byName.get(stamp.definition), siblings: siblings.get(stamp.definition) ?? []});
}

/** `manage` mends what the image has no more after it. */
function withMender(finding: Finding, mended: ReadonlyMap<string, Subject>, rules: AuditInput): Finding {
  const after = finding.image === undefined ? undefined : mended.get(finding.image);
  if (!after || finding.by === 'manage') return finding;
  const stays = auditSubject(after, rules).some(({rule, field}) => rule === finding.rule && field === finding.field);
  return stays ? finding : {...finding, by: 'manage'};
}
