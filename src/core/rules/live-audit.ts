import type {Definition} from '../definition/definition.ts';
import type {OwnImage} from '../release/release.ts';
import type {AuditInput} from './audit.ts';
import {auditSet, auditSubject} from './audit.ts';
import type {Finding} from './finding.ts';
import type {Foreseen} from './forecast.ts';
import {forecastSet, forecastSubject} from './forecast.ts';
import type {OwnContext} from './own-subject.ts';
import {mendedSubject, ownContext, ownSubject} from './own-subject.ts';
import type {Profile} from './profile.ts';
import {ruleOf} from './registry.ts';
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

/** What the audit of a cloud found. */
export interface LiveAudit {
  /** Of images of ours, and what the rules about all images together say of one, by Glance id. */
  readonly byImage: ReadonlyMap<string, Judged>;
  /** What concerns no single image. */
  readonly general: Judged;
  /** Judges one of the others; nothing of it is kept. */
  readonly judgeOther: (subject: Subject) => Judged;
}

/** Judges the images of one cloud, now and until then; of a finding that the next `manage` mends, `by` is `manage`. */
export function auditLive(input: LiveInput): LiveAudit {
  const contexts = contextsOf(input);
  const {own, others = [], profile, now, until} = input;
  const judged = own.map((one) => ({subject: ownSubject(one, contexts(one)), own: one}));
  const set = subjectSet([...judged.map(({subject}) => subject), ...others], input.whole);
  const rules: AuditInput = {set, profile, now};
  const byImage = new Map<string, Judged>();
  for (const {subject, own: one} of judged)
    byImage.set(
      one.image.id,
      withMender(judgeSubject(subject, rules, until), {after: () => mendedSubject(one, contexts(one)), rules}),
    );
  const general: {findings: Finding[]; ahead: Foreseen[]} = {findings: [], ahead: []};
  const add = ({image}: Finding, more: Judged): void => {
    const known = image === undefined ? general : (byImage.get(image) ?? NOTHING);
    const sum = {findings: [...known.findings, ...more.findings], ahead: [...known.ahead, ...more.ahead]};
    if (image === undefined) Object.assign(general, sum);
    else byImage.set(image, sum);
  };
  for (const finding of auditSet(rules)) add(finding, {findings: [finding], ahead: []});
  for (const foreseen of forecastSet(rules, until)) add(foreseen.finding, {findings: [], ahead: [foreseen]});
  return {byImage, general, judgeOther: (subject) => judgeSubject(subject, rules, until)};
}

const NOTHING: Judged = {findings: [], ahead: []};

function judgeSubject(subject: Subject, rules: AuditInput, until: number): Judged {
  return {findings: auditSubject(subject, rules), ahead: forecastSubject(subject, rules, until)};
}

function contextsOf({own, definitions}: LiveInput): (own: OwnImage) => OwnContext {
  const byName = new Map(definitions.map((definition) => [definition.name, definition]));
  const siblings = Map.groupBy(own, ({stamp}) => stamp.definition);
  const contexts = new Map(
    [...siblings].map(([name, images]) => [name, ownContext(byName.get(name), images)] as const),
  );
  return ({stamp}) => contexts.get(stamp.definition) ?? ownContext(byName.get(stamp.definition), []);
}

interface Mending {
  /** The image after the next `manage`; undefined where that leaves it as it is. */
  readonly after: () => Subject | undefined;
  readonly rules: AuditInput;
}

/** `manage` mends what the image has no more after it. */
function withMender({findings, ahead}: Judged, {after, rules}: Mending): Judged {
  const isMended = [...findings, ...ahead.map(({finding}) => finding)].every(({by}) => by === 'manage');
  const mended = isMended ? undefined : after();
  if (!mended) return {findings, ahead};
  const mend = (finding: Finding, now: number): Finding => {
    if (finding.by === 'manage') return finding;
    const same = auditSubject(mended, {...rules, now, rules: [ruleOf(finding.rule)]});
    const stays = same.some(({field}) => field === finding.field);
    return stays ? finding : {...finding, by: 'manage'};
  };
  return {
    findings: findings.map((finding) => mend(finding, rules.now)),
    ahead: ahead.map(({from, finding}) => ({from, finding: mend(finding, from)})),
  };
}
