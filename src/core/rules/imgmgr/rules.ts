import {REVOKED_PROPERTY} from '../../image/revocation.ts';
import {isOneEditAway} from '../../nearest.ts';
import {isCalendarDate} from '../../time-text.ts';
import type {Fault, SubjectRule} from '../rule.ts';
import {EVERYWHERE, LIVE_ONLY} from '../scs-0102/scs.ts';
import {endOfDay} from '../scs-0102/dates.ts';
import {isOffered, titleOf, valueOf} from '../subject.ts';
import {KNOWN_PROPERTIES} from './known-properties.ts';

const GIB = 1024 ** 3;
const OWN = {kind: 'subject', standard: 'imgmgr', testedBy: []} as const;

const MIN_DISK: SubjectRule = {
  ...OWN,
  section: 'Size of the disk',
  id: 'imgmgr/min-disk-below-virtual-size',
  says: 'min_disk is not smaller than the disk inside the image.',
  matters: 'A server with a smaller disk fails while it is built, after the image was copied.',
  mend: 'Set min_disk to the size of the disk, in whole GiB; manage raises it by itself.',
  severity: {openstack: 'error'},
  seenIn: LIVE_ONLY,
  judge(subject) {
    const {minDisk, virtualSize} = subject;
    if (virtualSize === undefined || virtualSize === null || minDisk * GIB >= virtualSize) return undefined;
    return {
      field: 'min_disk',
      found: String(minDisk),
      wanted: `${Math.ceil(virtualSize / GIB)} or more`,
      message: `min_disk of ${titleOf(subject)} is ${minDisk} GiB, less than the ${virtualSize} bytes of its disk`,
    };
  },
};

const NOT_ACTIVE: SubjectRule = {
  ...OWN,
  section: 'Publishing',
  id: 'imgmgr/public-not-active',
  says: 'An image that users are offered has its bytes: its status is active, or deactivated.',
  matters: 'Users choose it, and every server fails. The official tests abort, so that no other image is judged.',
  mend: 'Make it private or hidden until it is complete, or delete it.',
  severity: {openstack: 'error'},
  testedBy: ['scs-v1', 'scs-v2'],
  seenIn: LIVE_ONLY,
  judge(subject) {
    const {status} = subject;
    if (!isOffered(subject) || status === 'active' || status === 'deactivated') return undefined;
    const message = `${titleOf(subject)} is offered to users, but its status is ${status}`;
    return {field: 'status', found: status, wanted: 'active', message, by: 'you'};
  },
};

const NO_NAME: SubjectRule = {
  ...OWN,
  section: 'Publishing',
  id: 'imgmgr/no-name',
  says: 'An image that users are offered has a name.',
  matters: 'Nobody can find it. The official tests abort on it, so that no other image is judged.',
  mend: 'Give it a name, hide it, or make it private.',
  severity: {openstack: 'error'},
  testedBy: ['scs-v1', 'scs-v2'],
  seenIn: LIVE_ONLY,
  judge(subject) {
    if (!isOffered(subject) || (subject.name !== null && subject.name !== '')) return undefined;
    return {
      field: 'name',
      found: subject.name,
      wanted: 'a name',
      message: `${titleOf(subject)} has no name`,
      by: 'you',
    };
  },
};

const DUPLICATE_NAME: SubjectRule = {
  ...OWN,
  section: 'Publishing',
  id: 'imgmgr/duplicate-name',
  says: 'Of the images that users are offered, no two have the same name.',
  matters: 'A lookup by name finds either, or fails. The official test of recency judges the older one.',
  mend: 'Rename or hide the older image.',
  severity: {openstack: 'warning'},
  seenIn: LIVE_ONLY,
  judge(subject, {set}) {
    const {name} = subject;
    if (name === null || !subject.published || !isOffered(subject) || (set.named.get(name) ?? 0) < 2) return undefined;
    const message = `${set.named.get(name) ?? 0} images that are offered have the name "${name}"`;
    return {field: 'name', found: name, wanted: 'a name of its own', message};
  },
};

const REVOKED_CURRENT: SubjectRule = {
  ...OWN,
  section: 'Publishing',
  id: 'imgmgr/revoked-current',
  says: 'A version that is revoked does not bear the name that users look up.',
  matters:
    'Somebody decided that nobody is to start it, and users get it all the same: no other version took its place.',
  mend: 'Run manage. Where no other version can take the place, list a newer one, or take the image away with rollback --pull.',
  severity: {openstack: 'error'},
  seenIn: LIVE_ONLY,
  judge(subject) {
    if (subject.revoked !== true || subject.osHidden) return undefined;
    return {
      field: REVOKED_PROPERTY,
      found: valueOf(subject, REVOKED_PROPERTY) ?? 'revoked by its definition',
      wanted: 'a version that is not revoked',
      message: `${titleOf(subject)} is of version ${subject.version ?? ''}, which is revoked, and bears the name`,
    };
  },
};

const NEAR_MISS: SubjectRule = {
  ...OWN,
  section: 'Properties',
  id: 'imgmgr/property-near-miss',
  says: 'A property is spelt like the one that is meant.',
  matters: 'Nobody reads os_distor; the property that was meant is missing.',
  mend: 'Correct the name of the property. One that is really another gets an exception.',
  severity: {openstack: 'warning'},
  seenIn: EVERYWHERE,
  judge: (subject) =>
    Object.keys(subject.properties).flatMap((key): Fault[] => {
      const meant = nearMiss(key);
      if (meant === undefined) return [];
      const message = `${titleOf(subject)} has a property ${key}, which nobody reads`;
      return [{field: key, found: key, wanted: meant, message, remedy: `Write ${meant}.`, atKey: true}];
    }),
};

function nearMiss(key: string): string | undefined {
  if (KNOWN_PROPERTIES.has(key) || /^(?:imgmgr_|os_glance_|owner_specified\.|trait:)/.test(key)) return undefined;
  const plain = key.toLowerCase().replace(/[ -]/g, '_');
  if (KNOWN_PROPERTIES.has(plain)) return plain;
  // One edit changes the length by one at most.
  const near = [plain.length - 1, plain.length, plain.length + 1].flatMap((length) => BY_LENGTH.get(length) ?? []);
  return near.find((known) => isOneEditAway(plain, known));
}

const BY_LENGTH: ReadonlyMap<number, readonly string[]> = Map.groupBy(KNOWN_PROPERTIES, ({length}) => length);

const END_OF_LIFE: SubjectRule = {
  ...OWN,
  section: 'Age',
  id: 'imgmgr/end-of-life',
  says: 'The maker still maintains what users are offered.',
  matters: 'After maintained_until there are no more security updates.',
  mend: 'Disable the definition and retire the image, or set a later maintained_until where the maker goes on.',
  severity: {openstack: 'warning'},
  seenIn: EVERYWHERE,
  judge(subject, {now}) {
    const found = valueOf(subject, 'maintained_until') ?? '';
    if (!subject.published || !isOffered(subject) || !isCalendarDate(found) || now < endOfDay(found)) return undefined;
    return {
      field: 'maintained_until',
      found,
      wanted: 'a system that is maintained',
      message: `${titleOf(subject)} is offered, though nobody maintains it since ${found}`,
      by: 'you',
    };
  },
  moments(subject) {
    const day = valueOf(subject, 'maintained_until') ?? '';
    return isCalendarDate(day) ? [endOfDay(day)] : [];
  },
};

const EXCEPTION_EXPIRED: SubjectRule = {
  ...OWN,
  section: 'Exceptions',
  id: 'imgmgr/exception-expired',
  says: 'The date of an exception (audit.ignore) lies ahead.',
  matters: 'What was accepted for a time is not accepted for ever.',
  mend: 'Mend what the exception was for and remove it, or set a later date.',
  severity: {openstack: 'warning'},
  seenIn: EVERYWHERE,
  judge: (subject, {now}) =>
    subject.exceptions
      .filter(({until}) => now >= endOfDay(until))
      .map(({rule, until, reason, place}) => ({
        field: 'audit',
        found: until,
        wanted: 'a later date, or no exception',
        message: `the exception from ${rule} for ${titleOf(subject)} ended on ${until} ("${reason}")`,
        by: 'you',
        place,
      })),
  moments: ({exceptions}) => exceptions.map(({until}) => endOfDay(until)),
};

/** What neither standard says, and operators want to know. */
export const OWN_RULES: readonly SubjectRule[] = [
  ...[MIN_DISK, NOT_ACTIVE, NO_NAME, DUPLICATE_NAME, REVOKED_CURRENT, NEAR_MISS, END_OF_LIFE, EXCEPTION_EXPIRED],
];
