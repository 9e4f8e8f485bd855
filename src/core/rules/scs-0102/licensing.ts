import {isCalendarDate} from '../../time-text.ts';
import type {Fault, SubjectRule} from '../rule.ts';
import {titleOf, valueOf} from '../subject.ts';
import {DEMANDED_UNTESTED, EVERYWHERE, LICENSING, RECOMMENDED, offered, wrongValue} from './scs.ts';

const TRUTH_KEYS = ['license_included', 'license_required', 'subscription_included', 'subscription_required'];

const LICENSE: SubjectRule = offered({
  ...LICENSING,
  ...DEMANDED_UNTESTED,
  id: 'scs-0102/license',
  says: 'A licence is included in the price, or the customer brings one; never both.',
  matters: 'Users would not know whether they may use the image.',
  mend: 'Remove license_included or license_required.',
  seenIn: EVERYWHERE,
  judge(subject) {
    if (valueOf(subject, 'license_included') !== 'true' || valueOf(subject, 'license_required') !== 'true')
      return undefined;
    return {
      field: 'license_required',
      found: 'true',
      wanted: 'false, or license_included false',
      message: `license_included and license_required of ${titleOf(subject)} are both true`,
    };
  },
});

const TRUTH_VALUE: SubjectRule = offered({
  ...LICENSING,
  ...RECOMMENDED,
  id: 'scs-0102/truth-value',
  says: `${TRUTH_KEYS.join(', ')} are true or false; absent is false.`,
  matters: 'Another text may be read as true or as false.',
  mend: 'Write true or false, or leave the property out.',
  seenIn: EVERYWHERE,
  judge: (subject) =>
    TRUTH_KEYS.flatMap((field): Fault[] => {
      const found = valueOf(subject, field);
      return found === undefined || found === 'true' || found === 'false'
        ? []
        : [wrongValue(subject, {field, found, wanted: 'true, false'})];
    }),
});

const MAINTAINED_UNTIL: SubjectRule = offered({
  ...LICENSING,
  ...RECOMMENDED,
  id: 'scs-0102/maintained_until',
  says: 'maintained_until, where it is set, is the day (YYYY-MM-DD) until which the maker of the system maintains it.',
  matters: 'Users and imgmgr/end-of-life compare it with the calendar.',
  mend: 'Write a day of the calendar.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const found = valueOf(subject, 'maintained_until') ?? '';
    if (found === '' || isCalendarDate(found)) return undefined;
    return wrongValue(subject, {field: 'maintained_until', found, wanted: 'YYYY-MM-DD'});
  },
});

const L1_SUPPORT_CONTACT: SubjectRule = offered({
  ...LICENSING,
  ...RECOMMENDED,
  id: 'scs-0102/l1_support_contact',
  says: 'l1_support_contact, where it is set, is a URI: https:, mailto:, tel:.',
  matters: 'Dashboards make a link of it.',
  mend: 'Put mailto: or tel: in front, or give the address of a page.',
  seenIn: EVERYWHERE,
  judge(subject) {
    const found = valueOf(subject, 'l1_support_contact') ?? '';
    if (found === '' || /^[A-Za-z][A-Za-z0-9+.-]*:\S+$/.test(found)) return undefined;
    return wrongValue(subject, {field: 'l1_support_contact', found, wanted: 'a URI'});
  },
});

/** What SCS-0102 says about licences and support. */
export const LICENSING_RULES: readonly SubjectRule[] = [LICENSE, TRUTH_VALUE, MAINTAINED_UNTIL, L1_SUPPORT_CONTACT];
