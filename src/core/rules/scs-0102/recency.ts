import type {Context, SubjectRule} from '../rule.ts';
import type {Subject} from '../subject.ts';
import {titleOf, valueOf} from '../subject.ts';
import {DAY_MS, dayOf, readDate} from './dates.ts';
import {EVERYWHERE, MANDATORY, RECOMMENDED, UPDATING, offered} from './scs.ts';

/** Days after its build by which the text wants an image replaced, and after which the official test calls it outdated. */
const LIMITS: Readonly<Record<string, {readonly due: number; readonly outdated: number}>> = {
  daily: {due: 1, outdated: (1.1 * 25) / 24},
  weekly: {due: 7, outdated: (1.1 * 7 * 25) / 24},
  monthly: {due: 31, outdated: 1.1 * 31},
  quarterly: {due: 92, outdated: 1.1 * 92},
  yearly: {due: 365, outdated: 1.1 * 365},
};

const RECENCY: SubjectRule = offered({
  ...UPDATING,
  ...MANDATORY,
  id: 'scs-0102/recency',
  says: 'An image is replaced as often as replace_frequency says. One that is older has a fresh replacement, whose name is its own without the last word, or promises nothing any more (provided_until).',
  matters: 'This is the test that turns red by itself. It counts from image_build_date and knows no excuse.',
  mend: 'Publish a newer build. A superseded image is named like the current one, a blank, and one more word.',
  seenIn: EVERYWHERE,
  differs:
    'The text allows three days more and counts from publication; the official test does not, and neither do we. For an outdated image without provided_until the test aborts; we report it.',
  judge(subject, context) {
    if (!subject.published || !isOutdated(subject, context.now) || promisesNothing(subject, context.now))
      return undefined;
    const why = whyNotReplaced(subject, context);
    if (why === undefined) return undefined;
    const built = builtAt(subject) ?? 0;
    return {
      field: 'image_build_date',
      found: dayOf(built),
      wanted: `a build of the last ${daysText(subject)} days`,
      message: `${titleOf(subject)} was built ${Math.floor((context.now - built) / DAY_MS)} days ago, more than ${valueOf(subject, 'replace_frequency') ?? ''} allows, and ${why}`,
      by: subject.refreshes,
    };
  },
  moments,
});

const OVERDUE: SubjectRule = offered({
  ...UPDATING,
  ...RECOMMENDED,
  id: 'scs-0102/recency-overdue',
  says: 'An image is replaced as often as replace_frequency says: monthly within a month.',
  matters: 'The official test allows a tenth more; what is overdue now, fails soon.',
  mend: 'Publish a newer build.',
  seenIn: EVERYWHERE,
  judge(subject, context) {
    const {now} = context;
    const due = dueFrom(subject);
    const built = builtAt(subject);
    if (due === undefined || built === undefined || !subject.published || now < due) return undefined;
    if (isOutdated(subject, now) || promisesNothing(subject, now)) return undefined;
    if (whyNotReplaced(subject, context) === undefined) return undefined;
    return {
      field: 'image_build_date',
      found: dayOf(built),
      wanted: `a build after ${dayOf(due)}`,
      message: `${titleOf(subject)} should have been replaced on ${dayOf(due)}`,
      by: subject.refreshes,
    };
  },
  moments,
});

/** What SCS-0102 says about the age of an image. */
export const RECENCY_RULES: readonly SubjectRule[] = [RECENCY, OVERDUE];

/** When the age of an image, or of the one that replaces it, begins to count. */
function moments(subject: Subject, {set}: Context): readonly number[] {
  const replacement = replacementName(subject);
  const other = replacement === undefined ? undefined : set.byName.get(replacement);
  return [dueFrom(subject), outdatedFrom(subject), other && outdatedFrom(other)].filter((ms) => ms !== undefined);
}

/** When it was built: the moment of its registration counts only where the date cannot be read. */
function builtAt(subject: Subject): number | undefined {
  const text = valueOf(subject, 'image_build_date');
  return readDate(text ?? '')?.ms ?? (subject.later.has('image_build_date') ? undefined : subject.createdAt);
}

function limitsOf(subject: Subject): {readonly due: number; readonly outdated: number} | undefined {
  const frequency = valueOf(subject, 'replace_frequency') ?? '';
  return Object.hasOwn(LIMITS, frequency) ? LIMITS[frequency] : undefined;
}

/** The first millisecond of which the official test calls it outdated. */
function outdatedFrom(subject: Subject): number | undefined {
  const built = builtAt(subject);
  const limits = limitsOf(subject);
  return built === undefined || limits === undefined ? undefined : built + Math.round(limits.outdated * DAY_MS) + 1;
}

function dueFrom(subject: Subject): number | undefined {
  const built = builtAt(subject);
  const limits = limitsOf(subject);
  return built === undefined || limits === undefined ? undefined : built + limits.due * DAY_MS;
}

function isOutdated(subject: Subject, now: number): boolean {
  const from = outdatedFrom(subject);
  return from !== undefined && now >= from;
}

function promisesNothing(subject: Subject, now: number): boolean {
  const text = valueOf(subject, 'provided_until');
  const until = endOfPromise(subject);
  return text === 'none' || text === 'notice' || (until !== undefined && until <= now);
}

function endOfPromise(subject: Subject): number | undefined {
  return readDate(valueOf(subject, 'provided_until') ?? '')?.ms;
}

/** The name of the image that replaces it, as the official test guesses it: its own without the last word and the blanks before it. */
function replacementName({name}: Subject): string | undefined {
  const end = name?.lastIndexOf(' ') ?? -1;
  return end < 0 ? undefined : name?.slice(0, end).trimEnd();
}

function whyNotReplaced(subject: Subject, {set, now}: Context): string | undefined {
  const name = replacementName(subject);
  if (name === undefined) return 'its name has no blank before which the name of a replacement could stand';
  const other = set.byName.get(name);
  if (other === undefined) return `no image "${name}" replaces it`;
  // One that promises no updates is never outdated for the official test.
  return isOutdated(other, now) && !promisesNothing(other, now)
    ? `its replacement "${name}" is outdated, too`
    : undefined;
}

function daysText(subject: Subject): string {
  const days = limitsOf(subject)?.outdated ?? 0;
  return days.toFixed(days < 10 ? 2 : 1);
}
