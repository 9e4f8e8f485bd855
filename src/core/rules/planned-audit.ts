import type {Definition} from '../definition/definition.ts';
import {readStamp} from '../image/stamp.ts';
import type {DefinitionPlan} from '../plan/plan.ts';
import {imagesAfter} from '../plan/images-after.ts';
import type {OwnImage} from '../release/release.ts';
import {audit} from './audit.ts';
import type {PlannedFinding} from './audited.ts';
import {definitionSubjects, plannedSubject} from './definition-subjects.ts';
import type {Finding} from './finding.ts';
import {auditLive} from './live-audit.ts';
import {ownContext, ownSubject} from './own-subject.ts';
import type {Profile} from './profile.ts';
import {subjectSet} from './subject-set.ts';
import type {Subject} from './subject.ts';

/** The images and plans of one cloud, and how they are judged; `now`: milliseconds since 1970. */
export interface PlannedInput {
  /** Images of ours as they are. */
  readonly own: readonly OwnImage[];
  readonly plans: readonly DefinitionPlan[];
  readonly profile: Profile;
  readonly now: number;
}

/**
 * What is wrong with the images of the planned definitions: of images as they are, `by` being `manage` where the plan mends it; then what
 * the images will have that the plan makes or changes.
 */
export function auditPlanned(input: PlannedInput): readonly PlannedFinding[] {
  const live = liveFindings(input);
  const {findings: after, touched} = judgeAfter(input);
  const [before, later] = [new Set(live.map(identityOf)), new Set(after.map(identityOf))];
  return [
    ...live.map((finding) => (mended(finding, touched, later) ? {...finding, by: 'manage' as const} : finding)),
    ...after.filter((finding) => finding.of === 'planned' && !before.has(identityOf(finding))),
  ];
}

/** What is wrong with all images of the planned definitions when the plan was carried out. */
export function auditAfter(input: PlannedInput): readonly PlannedFinding[] {
  return judgeAfter(input).findings;
}

function judgeAfter({own, plans, profile, now}: PlannedInput): {
  readonly findings: readonly PlannedFinding[];
  /** Ids of the images that the plan changes or deletes. */
  readonly touched: ReadonlySet<string>;
} {
  const {subjects, touched} = subjectsAfter(ofPlanned(own, plans), plans);
  const findings = audit({set: subjectSet(subjects, false), profile, now}).map((finding) => {
    const planned = finding.image === undefined || touched.has(finding.image);
    return {...finding, of: planned ? ('planned' as const) : ('live' as const)};
  });
  return {findings, touched};
}

function ofPlanned(own: readonly OwnImage[], plans: readonly DefinitionPlan[]): readonly OwnImage[] {
  const names = new Set(plans.map(({definition}) => definition.name));
  return own.filter(({stamp}) => names.has(stamp.definition));
}

/** Judges definitions by themselves; the place of a finding is that of the definition's name. */
export function auditDefinitions(
  definitions: readonly Definition[],
  {profile, now}: Pick<PlannedInput, 'profile' | 'now'>,
): readonly PlannedFinding[] {
  const subjects = definitions.flatMap((definition) => definitionSubjects({definition}, profile.oldGeneric));
  return audit({set: subjectSet(subjects, false), profile, now}).map((finding) => ({...finding, of: 'definition'}));
}

function liveFindings({own, plans, profile, now}: PlannedInput): readonly PlannedFinding[] {
  const definitions = plans.map(({definition}) => definition);
  const live = {own: ofPlanned(own, plans), definitions};
  const {byImage, general} = auditLive({...live, whole: false, profile, now, until: now});
  return [...byImage.values(), general].flatMap(({findings}) =>
    findings.map((finding) => ({...finding, of: 'live' as const})),
  );
}

/** Every image as it will be, and the ids of those that the plan changes or deletes. */
function subjectsAfter(
  own: readonly OwnImage[],
  plans: readonly DefinitionPlan[],
): {readonly subjects: readonly Subject[]; readonly touched: ReadonlySet<string>} {
  const siblings = Map.groupBy(own, ({stamp}) => stamp.definition);
  const after = plans.map((plan) => ({definition: plan.definition, ...imagesAfter(plan.actions)}));
  const changed = new Map(after.flatMap((one) => [...one.changed]));
  const byName = new Map(after.map(({definition}) => [definition.name, definition]));
  const known = new Set(own.map(({image}) => image.id));
  const adopted = [...changed].flatMap(([id, image]) => (known.has(id) ? [] : (image ?? [])));
  const images = [...own.map(({image}) => (changed.has(image.id) ? changed.get(image.id) : image)), ...adopted];
  const contexts = new Map([...siblings].map(([name, all]) => [name, ownContext(byName.get(name), all)] as const));
  const live = images.flatMap((image): Subject[] => {
    const stamp = image && readStamp(image);
    if (!stamp) return [];
    const context = contexts.get(stamp.definition) ?? ownContext(byName.get(stamp.definition), []);
    const subject = ownSubject({image, stamp}, context);
    return [changed.has(image.id) ? {...subject, kind: 'planned'} : subject];
  });
  const made = after.flatMap((one) =>
    one.made.map(({form, release}) => plannedSubject(form, {definition: one.definition, release})),
  );
  return {subjects: [...live, ...made], touched: new Set(changed.keys())};
}

/** The plan changes the image, and then the rule finds nothing there. */
function mended(finding: Finding, touched: ReadonlySet<string>, later: ReadonlySet<string>): boolean {
  return finding.image !== undefined && touched.has(finding.image) && !later.has(identityOf(finding));
}

/** The same rule at the same field of the same image; one that has no id yet, by its name. */
function identityOf({rule, field, image, subject}: Finding): string {
  return JSON.stringify([rule, field, image ?? subject]);
}
