import {didYouMean} from '../../nearest.ts';
import type {Fault, SubjectRule} from '../rule.ts';
import {titleOf, valueOf} from '../subject.ts';
import type {Subject} from '../subject.ts';
import type {Vocabulary} from './vocabulary.ts';
import {DISTROS, NUMBER_KEYS, TRUTH_KEYS, VOCABULARIES, WRONG_DISTROS} from './vocabulary.ts';

const PAGE = {standard: 'OpenStack', section: 'Glance: useful image properties'} as const;
const BOTH = ['definition', 'live'] as const;
/** Glance's default for `image_property_quota`. */
const MOST_PROPERTIES = 128;

function vocabularyRule({id, key, values, severity, matters, means = {}}: Vocabulary): SubjectRule {
  const wanted = values.join(', ');
  return {
    kind: 'subject',
    ...PAGE,
    id,
    says: `${key}, where it is set, is one of ${wanted}.`,
    matters,
    mend: `Write one of these words in lowercase as they stand here, or leave ${key} out.`,
    severity: {openstack: severity},
    testedBy: [],
    seenIn: BOTH,
    judge(subject) {
      const found = valueOf(subject, key);
      // What is empty is a matter of rules that say what may be.
      if (found === undefined || found === '' || values.includes(found)) return undefined;
      const meant = Object.hasOwn(means, found) ? means[found] : undefined;
      const near = meant === undefined ? didYouMean(found, values) : `did you mean "${meant}"?`;
      return {
        ...strange(subject, key, found),
        wanted,
        ...(near !== undefined && {remedy: near}),
      };
    },
  };
}

function strange(subject: Subject, key: string, found: string): Pick<Fault, 'field' | 'found' | 'message'> {
  return {field: key, found, message: `${key} of ${titleOf(subject)} is "${found}", which OpenStack does not know`};
}

const OS_DISTRO: SubjectRule = {
  kind: 'subject',
  ...PAGE,
  id: 'openstack/os_distro',
  says: 'os_distro is the short name of the distribution in lowercase, as OpenStack and libosinfo spell it: ubuntu, never Ubuntu, org.ubuntu or canonical.',
  matters:
    'Users, dashboards and tools find the images of a distribution by this word. SCS-0102 demands the spelling of OpenStack.',
  mend: 'Write the short name in lowercase.',
  severity: {openstack: 'error'},
  testedBy: [],
  seenIn: BOTH,
  differs: 'The official test takes any text that is not empty; the text of the standard does not.',
  judge(subject) {
    const found = valueOf(subject, 'os_distro');
    if (found === undefined || found === '') return undefined;
    const meant = Object.hasOwn(WRONG_DISTROS, found.toLowerCase()) ? WRONG_DISTROS[found.toLowerCase()] : undefined;
    const isPlain = /^[a-z][a-z0-9-]*$/.test(found);
    if (isPlain && meant === undefined) return undefined;
    const near = meant ?? DISTROS.find((distro) => distro === found.slice(found.lastIndexOf('.') + 1).toLowerCase());
    return {
      field: 'os_distro',
      found,
      wanted: near ?? 'a short name in lowercase',
      message: `os_distro of ${titleOf(subject)} is "${found}", a spelling that OpenStack does not allow`,
      ...(near !== undefined && {remedy: `Write ${near}.`}),
    };
  },
};

const TRUTH_VALUE: SubjectRule = {
  kind: 'subject',
  ...PAGE,
  id: 'openstack/truth-value',
  says: `${TRUTH_KEYS.join(', ')} are true or false.`,
  matters: 'Any other text counts as false, or as nothing, without a word.',
  mend: 'Write true or false.',
  severity: {openstack: 'warning'},
  testedBy: [],
  seenIn: BOTH,
  judge: (subject) => faultsOf(subject, TRUTH_KEYS, {wanted: 'true, false', fits: /^(?:true|false)$/}),
};

const WHOLE_NUMBER: SubjectRule = {
  kind: 'subject',
  ...PAGE,
  id: 'openstack/whole-number',
  says: `${NUMBER_KEYS.join(', ')} are whole numbers.`,
  matters: 'Nova refuses to build a server from an image whose number it cannot read.',
  mend: 'Write digits alone, without a unit.',
  severity: {openstack: 'error'},
  testedBy: [],
  seenIn: BOTH,
  judge: (subject) => faultsOf(subject, NUMBER_KEYS, {wanted: 'a whole number', fits: /^[0-9]+$/}),
};

const PROPERTY_COUNT: SubjectRule = {
  kind: 'subject',
  standard: 'OpenStack',
  section: 'Glance: image_property_quota',
  id: 'openstack/property-count',
  says: `An image has at most ${MOST_PROPERTIES} properties, unless the cloud was set up otherwise.`,
  matters: 'Glance refuses to add one more, so that an update of the image fails as a whole.',
  mend: 'Remove properties that nobody reads.',
  severity: {openstack: 'warning'},
  testedBy: [],
  seenIn: BOTH,
  judge(subject) {
    const count = Object.keys(subject.properties).length;
    if (count <= MOST_PROPERTIES) return undefined;
    return {
      field: 'meta',
      found: String(count),
      wanted: `at most ${MOST_PROPERTIES}`,
      message: `${titleOf(subject)} has ${count} properties, more than Glance allows by default`,
    };
  },
};

interface Form {
  readonly wanted: string;
  readonly fits: RegExp;
}

function faultsOf(subject: Subject, keys: readonly string[], {wanted, fits}: Form): readonly Fault[] {
  return keys.flatMap((key) => {
    const found = valueOf(subject, key);
    if (found === undefined || fits.test(found)) return [];
    const message = `${key} of ${titleOf(subject)} is "${found}", not ${wanted === 'true, false' ? 'true or false' : wanted}`;
    return [{field: key, found, wanted, message}];
  });
}

/** What Glance and Nova know: vocabulary, types and limits of properties. */
export const OPENSTACK_RULES: readonly SubjectRule[] = [
  ...VOCABULARIES.map(vocabularyRule),
  OS_DISTRO,
  TRUTH_VALUE,
  WHOLE_NUMBER,
  PROPERTY_COUNT,
];
