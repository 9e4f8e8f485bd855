import {isCalendarDate} from '../../time-text.ts';
import type {SubjectRule} from '../rule.ts';
import {titleOf, valueOf} from '../subject.ts';
import {endOfDay, readDate} from './dates.ts';
import {
  DEMANDED_UNTESTED,
  EVERYWHERE,
  MANDATORY,
  RECOMMENDED,
  UPDATING,
  missing,
  offered,
  outside,
  wrongValue,
} from './scs.ts';

/** Every value of replace_frequency. */
const FREQUENCIES = ['yearly', 'quarterly', 'monthly', 'weekly', 'daily', 'critical_bug', 'never'];
const UNTIL = 'YYYY-MM-DD, none, notice';
const VALIDITY = 'none, last-N, YYYY-MM-DD, notice, forever';

const REPLACE_FREQUENCY: SubjectRule = offered({
  ...UPDATING,
  ...MANDATORY,
  id: 'scs-0102/replace_frequency',
  says: `replace_frequency is one of ${FREQUENCIES.join(', ')}: how often the image of this name is replaced at least.`,
  matters: 'Users know when they get updates; the official test of recency measures by it.',
  mend: 'Set replace_frequency in lowercase; monthly or more often is recommended.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    missing(subject, 'replace_frequency', FREQUENCIES.join(', ')) ?? outside(subject, 'replace_frequency', FREQUENCIES),
});

const PROVIDED_UNTIL: SubjectRule = offered({
  ...UPDATING,
  ...MANDATORY,
  id: 'scs-0102/provided_until',
  says: 'provided_until is set: until when an image of this name is there and updated.',
  matters: 'Users plan by it. Where it is missing and the image is outdated, the official test aborts for all images.',
  mend: 'Set provided_until to a day, to none (no promise), or to notice (until a notice is published).',
  seenIn: EVERYWHERE,
  judge: (subject) => missing(subject, 'provided_until', UNTIL),
});

const PROVIDED_UNTIL_VALUE: SubjectRule = offered({
  ...UPDATING,
  ...DEMANDED_UNTESTED,
  id: 'scs-0102/provided_until-value',
  says: `provided_until is one of ${UNTIL}.`,
  matters: 'Nobody can plan by another word. The official test reads it once the image is outdated, and fails then.',
  mend: 'Write a day, none, or notice.',
  seenIn: EVERYWHERE,
  differs: 'The official test takes any text while the image is fresh; the text of the standard does not.',
  judge(subject) {
    const found = valueOf(subject, 'provided_until') ?? '';
    if (found === '' || found === 'none' || found === 'notice' || readDate(found) !== undefined) return undefined;
    return wrongValue(subject, {field: 'provided_until', found, wanted: UNTIL});
  },
});

const PROVIDED_UNTIL_PAST: SubjectRule = offered({
  ...UPDATING,
  severity: {'scs-v1': 'info', 'scs-v2': 'info'},
  testedBy: [],
  id: 'scs-0102/provided_until-past',
  says: 'After the day of provided_until an image need not be updated any more.',
  matters: 'It gets older from then on, and no test complains.',
  mend: 'Promise a later day, or disable the definition and take the image away.',
  seenIn: EVERYWHERE,
  judge(subject, {now}) {
    const found = valueOf(subject, 'provided_until') ?? '';
    const until = readDate(found)?.ms;
    if (until === undefined || until > now || !subject.published) return undefined;
    return {
      field: 'provided_until',
      found,
      wanted: 'a later day, none, notice',
      message: `provided_until of ${titleOf(subject)} is ${found}, so that nothing is promised any more`,
      by: 'you',
    };
  },
  moments(subject) {
    const until = readDate(valueOf(subject, 'provided_until') ?? '')?.ms;
    return until === undefined ? [] : [until];
  },
});

const UUID_VALIDITY: SubjectRule = offered({
  ...UPDATING,
  ...MANDATORY,
  id: 'scs-0102/uuid_validity',
  says: 'uuid_validity is set: how long a replaced image stays usable under its id.',
  matters: 'Terraform and other tools name images by id.',
  mend: 'Set uuid_validity: last-3, a day, none, notice or forever.',
  seenIn: EVERYWHERE,
  differs: 'The official test takes a missing uuid_validity; the text demands it.',
  judge: (subject) => missing(subject, 'uuid_validity', VALIDITY),
});

const UUID_VALIDITY_VALUE: SubjectRule = offered({
  ...UPDATING,
  ...MANDATORY,
  id: 'scs-0102/uuid_validity-value',
  says: `uuid_validity is one of ${VALIDITY}.`,
  matters: 'Nobody can rely on a promise that cannot be read.',
  mend: 'Write one of these; N is a number.',
  seenIn: EVERYWHERE,
  differs:
    'The official test takes digits of every script behind last-, and dates in more spellings than the text lists; we take 0 to 9, and the spellings of the text.',
  judge(subject) {
    const found = valueOf(subject, 'uuid_validity') ?? '';
    if (found === '' || /^(?:none|notice|forever|last-[0-9]+)$/.test(found) || readDate(found)) return undefined;
    return wrongValue(subject, {field: 'uuid_validity', found, wanted: VALIDITY});
  },
});

const UUID_VALIDITY_PAST: SubjectRule = offered({
  ...UPDATING,
  ...RECOMMENDED,
  id: 'scs-0102/uuid_validity-past',
  says: 'A day in uuid_validity promises something only while it lies ahead.',
  matters: 'The promise is over: the image may be deleted as soon as it is replaced.',
  mend: 'Promise a later day, or last-3.',
  seenIn: EVERYWHERE,
  judge(subject, {now}) {
    const found = valueOf(subject, 'uuid_validity') ?? '';
    if (!isCalendarDate(found) || now < endOfDay(found) || !subject.published) return undefined;
    return {
      field: 'uuid_validity',
      found,
      wanted: 'a later day, or another promise',
      message: `uuid_validity of ${titleOf(subject)} ended on ${found}`,
      by: 'you',
    };
  },
  moments(subject) {
    const day = valueOf(subject, 'uuid_validity') ?? '';
    return isCalendarDate(day) ? [endOfDay(day)] : [];
  },
});

const HOTFIX_HOURS: SubjectRule = offered({
  ...UPDATING,
  ...RECOMMENDED,
  id: 'scs-0102/hotfix_hours',
  says: 'hotfix_hours, where it is set, is a number of hours; 0 is best effort.',
  matters: 'Users read it as a promise for critical security issues.',
  mend: 'Write digits alone, or leave it out: then nothing is promised.',
  seenIn: EVERYWHERE,
  differs: 'The official test takes digits of every script; we take 0 to 9.',
  judge(subject) {
    const found = valueOf(subject, 'hotfix_hours') ?? '';
    if (found === '' || /^[0-9]+$/.test(found)) return undefined;
    return wrongValue(subject, {field: 'hotfix_hours', found, wanted: 'a number of hours'});
  },
});

/** What SCS-0102 says about the promises of an image. */
export const PROMISE_RULES: readonly SubjectRule[] = [
  ...[REPLACE_FREQUENCY, PROVIDED_UNTIL, PROVIDED_UNTIL_VALUE, PROVIDED_UNTIL_PAST],
  ...[UUID_VALIDITY, UUID_VALIDITY_VALUE, UUID_VALIDITY_PAST, HOTFIX_HOURS],
];
