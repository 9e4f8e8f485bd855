import type {SubjectRule} from '../rule.ts';
import {genericKey} from '../subject-set.ts';
import {titleOf} from '../subject.ts';
import {EVERYWHERE, LIVE_ONLY, TECHNICAL, missing, offered, outside} from './scs.ts';

const PURPOSES = ['generic', 'minimal', 'k8snode', 'gpu', 'network', 'custom'];
const SAYS = `${PURPOSES.join(', ')}, and for superseded generic images oldgeneric`;

const OS_PURPOSE: SubjectRule = offered({
  ...TECHNICAL,
  severity: {'scs-v1': 'warning', 'scs-v2': 'error'},
  testedBy: ['scs-v2'],
  id: 'scs-0102/os_purpose',
  says: 'Every image says what it is for: recommended in version 1.1, demanded in version 2.',
  matters: 'Tools that want an ordinary image of a distribution look for os_purpose generic.',
  mend: 'Set os_purpose to generic for an ordinary image; to custom when in doubt.',
  seenIn: EVERYWHERE,
  judge: (subject) => missing(subject, 'os_purpose', PURPOSES.join(', ')),
});

const OS_PURPOSE_VALUE: SubjectRule = offered({
  ...TECHNICAL,
  severity: {'scs-v1': 'error', 'scs-v2': 'error'},
  testedBy: ['scs-v2'],
  id: 'scs-0102/os_purpose-value',
  says: `os_purpose is one of ${SAYS}; nothing else.`,
  matters: 'A word that nobody looks for hides the image from tools that choose by it.',
  mend: 'Write one of these words in lowercase; custom when in doubt. A profile file may permit further ones.',
  seenIn: EVERYWHERE,
  judge: (subject, {profile}) => outside(subject, 'os_purpose', [...PURPOSES, profile.oldGeneric, ...profile.purposes]),
});

const GENERIC_UNIQUE: SubjectRule = offered({
  ...TECHNICAL,
  severity: {'scs-v1': 'warning', 'scs-v2': 'error'},
  testedBy: ['scs-v2'],
  id: 'scs-0102/generic-unique',
  says: 'Of one distribution, version and architecture at most one public image that is shown is generic.',
  matters: 'A tool that looks for the ordinary image would find several, and take an old one.',
  mend: 'Give the older image os_purpose oldgeneric, or hide it; manage does so when it retires an image.',
  seenIn: EVERYWHERE,
  judge(subject, {set, profile}) {
    const key = subject.published && subject.visibility === 'public' ? genericKey(subject) : undefined;
    const rivals = (key === undefined ? undefined : set.generic.get(key)) ?? [];
    if (rivals.length < 2) return undefined;
    const other = rivals.find((rival) => rival !== subject);
    if (other === undefined) return undefined;
    return {
      field: 'os_purpose',
      found: 'generic',
      wanted: `generic on one of them, ${profile.oldGeneric} on the others`,
      message: `${titleOf(subject)} is one of ${rivals.length} generic images of the same distribution, version and architecture, beside ${titleOf(other)}`,
    };
  },
});

const GENERIC_COMMUNITY: SubjectRule = offered({
  ...TECHNICAL,
  severity: {'scs-v1': 'warning', 'scs-v2': 'warning'},
  testedBy: [],
  id: 'scs-0102/generic-community',
  says: 'A superseded generic image becomes oldgeneric, also where it stays visible as a community image.',
  matters: 'The official test counts public images alone; users who choose by os_purpose see both.',
  mend: 'Give the older image os_purpose oldgeneric.',
  seenIn: LIVE_ONLY,
  judge(subject, {set, profile}) {
    const key = subject.published && subject.visibility === 'community' ? genericKey(subject) : undefined;
    const current = key === undefined ? undefined : set.generic.get(key)?.[0];
    if (current === undefined) return undefined;
    return {
      field: 'os_purpose',
      found: 'generic',
      wanted: profile.oldGeneric,
      message: `${titleOf(subject)} is generic like ${titleOf(current)}, the public image of the same distribution, version and architecture`,
    };
  },
});

/** What SCS-0102 says about os_purpose. */
export const PURPOSE_RULES: readonly SubjectRule[] = [OS_PURPOSE, OS_PURPOSE_VALUE, GENERIC_UNIQUE, GENERIC_COMMUNITY];
