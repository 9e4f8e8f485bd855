import type {Fault, SubjectRule} from '../rule.ts';
import {titleOf, valueOf} from '../subject.ts';
import {dayOf, readDate} from './dates.ts';
import {
  BUILD_INFO,
  EVERYWHERE,
  LIVE_ONLY,
  MANDATORY,
  ORIGIN,
  RECOMMENDED,
  missing,
  offered,
  wrongValue,
} from './scs.ts';

const DATE_FORM = 'YYYY-MM-DD or YYYY-MM-DD hh:mm[:ss], UTC';

const IMAGE_SOURCE: SubjectRule = offered({
  ...ORIGIN,
  ...MANDATORY,
  id: 'scs-0102/image_source',
  says: 'image_source is the address from which everybody can download the image (http, https, ftp, ftps), or private.',
  matters: 'Users can see where an image comes from, and compare it.',
  mend: 'Give the version a url that begins with https:, or source: private.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const wanted = 'an address that begins with https://, or private';
    const found = valueOf(subject, 'image_source');
    if (found === undefined || found === '') return missing(subject, 'image_source', wanted);
    if (found === 'private' || /^(?:https?|ftps?):\/\//.test(found)) return undefined;
    return wrongValue(subject, {field: 'image_source', found, wanted});
  },
});

const IMAGE_DESCRIPTION: SubjectRule = offered({
  ...ORIGIN,
  ...MANDATORY,
  id: 'scs-0102/image_description',
  says: 'image_description is a text about the image, or the address of one, such as release notes.',
  matters: 'Users read there what they get.',
  mend: 'Set image_description.',
  seenIn: EVERYWHERE,
  judge: (subject) => missing(subject, 'image_description', 'a text or an address'),
});

const TAGS: SubjectRule = offered({
  ...ORIGIN,
  severity: {'scs-v1': 'info', 'scs-v2': 'info'},
  testedBy: [],
  id: 'scs-0102/tags',
  says: 'The tags managed_by_VENDOR and os:OPERATINGSYSTEM are recommended; images that imgmgr retired have no os: tag, so that clients that choose by tags find the current one.',
  matters: 'Users see who looks after an image; lists can be filtered by tags.',
  mend: 'Add the tags; manage sets both on what it publishes.',
  seenIn: LIVE_ONLY,
  judge(subject) {
    const {tags, kind} = subject;
    // Definitions do not list them: every published image gets them.
    if (kind !== 'live') return undefined;
    const isRetired = subject.definition !== undefined && valueOf(subject, 'imgmgr_state') === 'retired';
    const lacking = [
      ...(tags.some((tag) => tag.startsWith('managed_by_')) ? [] : ['managed_by_…']),
      // Clients that choose an image by its tags (Octavia, Trove) are to find the current one alone.
      ...(isRetired || tags.some((tag) => tag.startsWith('os:')) ? [] : ['os:…']),
    ];
    if (lacking.length === 0) return undefined;
    const message = `${titleOf(subject)} has no tag ${lacking.join(' and no tag ')}`;
    return {field: 'tags', found: tags.join(', '), wanted: lacking.join(', '), message, by: 'you'};
  },
});

const IMAGE_BUILD_DATE: SubjectRule = offered({
  ...BUILD_INFO,
  ...MANDATORY,
  id: 'scs-0102/image_build_date',
  says: `image_build_date is the day of the build (${DATE_FORM}); every patch that was public then is in the image.`,
  matters: 'Users see how old the software is; the official test of recency starts from it.',
  mend: 'Give the version a build_date.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const found = valueOf(subject, 'image_build_date');
    if (found === undefined || found === '') return missing(subject, 'image_build_date', DATE_FORM);
    if (readDate(found)) return undefined;
    return {
      ...wrongValue(subject, {field: 'image_build_date', found, wanted: DATE_FORM}),
      message: `image_build_date of ${titleOf(subject)} is "${found}", which is no date`,
    };
  },
});

const IMAGE_BUILD_DATE_FORM: SubjectRule = offered({
  ...BUILD_INFO,
  ...RECOMMENDED,
  id: 'scs-0102/image_build_date-form',
  says: `image_build_date is written as ${DATE_FORM}.`,
  matters: 'Other readers may not understand another spelling, though the official test does.',
  mend: 'Write YYYY-MM-DD with two digits for month and day.',
  seenIn: LIVE_ONLY,
  differs:
    'The official test takes 2026-1-5, 2026-01-05T10:00:00Z, t and z in lowercase, several blanks, the seconds 60 and 61, and digits of every script; the text does not list these.',
  judge(subject) {
    const found = valueOf(subject, 'image_build_date') ?? '';
    const read = readDate(found);
    if (read === undefined || read.asWritten) return undefined;
    return {
      field: 'image_build_date',
      found,
      wanted: dayOf(read.ms),
      message: `image_build_date of ${titleOf(subject)} is "${found}", a spelling that the standard does not list`,
    };
  },
});

const AFTER_CREATION: SubjectRule = offered({
  ...BUILD_INFO,
  ...MANDATORY,
  id: 'scs-0102/image_build_date-after-creation',
  says: 'An image was built before it was registered.',
  matters: 'A date that is too late makes old software look fresh. Often it is a local time instead of UTC.',
  mend: 'Write the day of the build in UTC.',
  seenIn: LIVE_ONLY,
  judge(subject) {
    const found = valueOf(subject, 'image_build_date') ?? '';
    const built = readDate(found)?.ms;
    if (built === undefined || subject.createdAt === undefined || built <= subject.createdAt) return undefined;
    const created = new Date(subject.createdAt).toISOString();
    return {
      field: 'image_build_date',
      found,
      wanted: `${created.slice(0, 10)} or earlier`,
      message: `image_build_date of ${titleOf(subject)} is "${found}", but the image was registered at ${created}`,
    };
  },
});

const FUTURE: SubjectRule = offered({
  ...BUILD_INFO,
  ...MANDATORY,
  id: 'scs-0102/image_build_date-future',
  says: 'The build of an image lies in the past.',
  matters: 'A date in the future makes software look fresh for longer than it is.',
  mend: 'Write the day of the build in UTC.',
  seenIn: EVERYWHERE,
  judge(subject, {now}) {
    const found = valueOf(subject, 'image_build_date') ?? '';
    const built = readDate(found)?.ms;
    if (built === undefined || built <= now || !subject.published) return undefined;
    return {
      field: 'image_build_date',
      found,
      wanted: `${dayOf(now)} or earlier`,
      message: `image_build_date of ${titleOf(subject)} is "${found}", which lies in the future`,
    };
  },
});

const IMAGE_ORIGINAL_USER: SubjectRule = offered({
  ...BUILD_INFO,
  ...MANDATORY,
  id: 'scs-0102/image_original_user',
  says: 'image_original_user is the user to log in as, or none where there is none.',
  matters: 'Without it users guess the name.',
  mend: 'Set login in the definition: the name of the user, or none.',
  seenIn: EVERYWHERE,
  judge: (subject): Fault | undefined => missing(subject, 'image_original_user', 'a user name, or none'),
});

/** What SCS-0102 says about origin and build of an image. */
export const ORIGIN_RULES: readonly SubjectRule[] = [
  ...[IMAGE_BUILD_DATE, IMAGE_BUILD_DATE_FORM, AFTER_CREATION, FUTURE],
  ...[IMAGE_ORIGINAL_USER, IMAGE_SOURCE, IMAGE_DESCRIPTION, TAGS],
];
