import type {Context, Fault, Rule, SetFault, SetRule, SubjectRule} from '../rule.ts';
import type {Subject} from '../subject.ts';
import {isOffered, titleOf, valueOf} from '../subject.ts';
import {EVERYWHERE, offered} from '../scs-0102/scs.ts';
import type {DistroRelease, StandardImage} from './standard-images.ts';
import {DEBIAN_STABLE, STANDARD_IMAGES, UBUNTU_LTS, isCapiName, sourcesOf} from './standard-images.ts';

const V1 = {standard: 'SCS-0104 v1', section: 'Specification YAML format, file of version 5'} as const;
const V2 = {standard: 'SCS-0104 v2 (draft)', section: 'Standard images'} as const;
const CAPI_DESCRIPTION = 'https://github.com/osism/k8s-capi-images';

const SOURCE: SubjectRule = offered({
  ...V1,
  id: 'scs-0104/source',
  says: 'A standard image (Ubuntu 24.04, Debian 12, …) comes from where its maker publishes it: image_source begins with one of the listed addresses.',
  matters: 'Users of every certified cloud get the same image under the same name.',
  mend: 'Keep url as the address upstream, also where the bytes come from a mirror (mirror_url). Or give the image another name.',
  severity: {'scs-v1': 'error'},
  testedBy: ['scs-v1', 'scs-v2'],
  seenIn: EVERYWHERE,
  judge(subject, {profile}) {
    const standard = STANDARD_IMAGES.find(({matches}) => subject.name !== null && matches(subject.name));
    return standard && wrongSource(subject, [...standard.sources, ...sourcesFor(standard, profile.sources)]);
  },
});

function sourcesFor({name}: StandardImage, own: Readonly<Record<string, readonly string[]>>): readonly string[] {
  return (Object.hasOwn(own, name) ? own[name] : undefined) ?? [];
}

function wrongSource(subject: Subject, sources: readonly string[]): Fault | undefined {
  const found = valueOf(subject, 'image_source');
  if (found === undefined && subject.later.has('image_source')) return undefined;
  if (sources.some((prefix) => found?.startsWith(prefix) === true)) return undefined;
  return {
    field: 'image_source',
    found: found ?? null,
    wanted: sources.join(' or '),
    message: `image_source of the standard ${titleOf(subject)} is "${found ?? ''}", not an address of its maker`,
  };
}

const PRESENCE: SetRule = {
  kind: 'set',
  ...V1,
  id: 'scs-0104/presence',
  says: 'An image with the exact name "Ubuntu 24.04" is there for everybody.',
  matters: 'Users of every certified cloud can rely on it.',
  mend: 'Offer the image under exactly this name, public and not hidden.',
  severity: {'scs-v1': 'error'},
  testedBy: ['scs-v1', 'scs-v2'],
  seenIn: EVERYWHERE,
  judge: (context) => absentStandards(context, 'mandatory'),
};

const PRESENCE_RECOMMENDED: SetRule = {
  ...PRESENCE,
  id: 'scs-0104/presence-recommended',
  says: 'The images "Debian 12" and ubuntu-capi-image are recommended.',
  matters: 'Users of many certified clouds know them. No official run tests it.',
  mend: 'Offer the image, or leave it.',
  severity: {'scs-v1': 'info'},
  testedBy: [],
  judge: (context) => absentStandards(context, 'recommended'),
};

function absentStandards({set}: Context, presence: 'mandatory' | 'recommended'): readonly SetFault[] {
  return STANDARD_IMAGES.filter((standard) => standard.presence === presence).flatMap((standard): SetFault[] => {
    if ([...set.byName.keys()].some((name) => standard.matches(name))) return [];
    const near = set.subjects.find(({name}) => name !== null && isSpeltLike(name, standard));
    // A part of the definitions need not have every standard image; one that was meant to be it is wrong in any case.
    if (!set.whole && (near === undefined || !near.published)) return [];
    return [
      {
        field: 'name',
        found: near?.name ?? null,
        wanted: standard.name,
        message: absenceText(standard.name, near),
        by: 'you',
        ...(near && {subject: near}),
      },
    ];
  });
}

/** The same name but for capitals and blanks, or the very name on an image that is not offered. */
function isSpeltLike(name: string, {name: wanted, matches}: StandardImage): boolean {
  return matches(name) || plain(name) === plain(wanted);
}

function plain(name: string): string {
  return name.replace(/[ _-]/g, '').toLowerCase();
}

function absenceText(name: string, near: Subject | undefined): string {
  if (near === undefined) return `no image "${name}" is offered`;
  if (!near.published) return `no image "${name}" is offered: its definition publishes nothing`;
  if (!isOffered(near))
    return `no image "${name}" is offered: ${titleOf(near)} is ${near.osHidden ? 'hidden' : near.visibility}`;
  return `no image "${name}" is offered: ${titleOf(near)} is spelt otherwise`;
}

const SOURCE_V2: SubjectRule = offered({
  ...V2,
  id: 'scs-0104/source-v2',
  says: 'A generic image of Ubuntu or Debian comes from where its maker publishes it, whatever its name is.',
  matters: 'Users of every certified cloud get the same image for the same distribution and version.',
  mend: 'Keep url as the address upstream, or set another os_purpose.',
  severity: {'scs-v2': 'error'},
  testedBy: [],
  seenIn: EVERYWHERE,
  judge(subject, {profile}) {
    if (valueOf(subject, 'os_purpose') !== 'generic') return undefined;
    const distro = valueOf(subject, 'os_distro') ?? '';
    const version = valueOf(subject, 'os_version') ?? '';
    const sources = sourcesOf(distro, version);
    const own = STANDARD_IMAGES.find(({name}) => name.toLowerCase() === `${distro} ${version}`);
    return sources && wrongSource(subject, [...sources, ...(own ? sourcesFor(own, profile.sources) : [])]);
  },
});

const CAPI_V2: SubjectRule = offered({
  ...V2,
  id: 'scs-0104/capi-v2',
  says: `An image that is named like one for Cluster API has os_purpose k8snode, and image_description ${CAPI_DESCRIPTION}.`,
  matters: 'Tools that set up Kubernetes choose nodes by it.',
  mend: 'Set both properties, or give the image another name.',
  severity: {'scs-v2': 'error'},
  testedBy: [],
  seenIn: EVERYWHERE,
  judge(subject) {
    if (subject.name === null || !isCapiName(subject.name)) return undefined;
    const demanded = [
      ['os_purpose', 'k8snode'],
      ['image_description', CAPI_DESCRIPTION],
    ] as const;
    return demanded.flatMap(([field, wanted]): Fault[] => {
      const found = valueOf(subject, field);
      if (found === wanted) return [];
      return [{field, found: found ?? null, wanted, message: `${field} of ${titleOf(subject)} is not ${wanted}`}];
    });
  },
});

const PRESENCE_V2: SetRule = {
  kind: 'set',
  ...V2,
  id: 'scs-0104/presence-v2',
  says: 'A generic image of the newest long-term version of Ubuntu is there for everybody, by April 30 after its release.',
  matters: 'Users of every certified cloud can rely on it.',
  mend: 'Offer that image: os_distro ubuntu, os_purpose generic.',
  severity: {'scs-v2': 'error'},
  testedBy: [],
  seenIn: EVERYWHERE,
  judge: (context) => absentReleases(context, releasesAt(UBUNTU_LTS, context.now).slice(0, 1)),
  moments: () => UBUNTU_LTS.map(({from}) => from),
};

const PRESENCE_RECOMMENDED_V2: SetRule = {
  ...PRESENCE_V2,
  id: 'scs-0104/presence-recommended-v2',
  says: 'Generic images of the long-term version of Ubuntu before the newest, and of the newest two stable versions of Debian, are recommended.',
  matters: 'Users of many certified clouds know them.',
  mend: 'Offer the image, or leave it.',
  severity: {'scs-v2': 'info'},
  judge: (context) =>
    absentReleases(context, [
      ...releasesAt(UBUNTU_LTS, context.now).slice(1, 2),
      ...releasesAt(DEBIAN_STABLE, context.now).slice(0, 2),
    ]),
  moments: () => [...UBUNTU_LTS, ...DEBIAN_STABLE].map(({from}) => from),
};

function releasesAt(releases: readonly DistroRelease[], now: number): readonly DistroRelease[] {
  return releases.filter(({from}) => from <= now);
}

function absentReleases({set}: Context, releases: readonly DistroRelease[]): readonly SetFault[] {
  if (!set.whole) return [];
  return releases.flatMap(({distro, version}): SetFault[] => {
    const isIt = (subject: Subject): boolean =>
      subject.published &&
      isOffered(subject) &&
      valueOf(subject, 'os_distro') === distro &&
      valueOf(subject, 'os_version') === version &&
      valueOf(subject, 'os_purpose') === 'generic';
    if (set.subjects.some(isIt)) return [];
    const wanted = `os_distro ${distro}, os_version ${version}, os_purpose generic`;
    return [
      {
        field: 'os_version',
        found: null,
        wanted,
        message: `no generic image of ${distro} ${version} is offered`,
        by: 'you',
      },
    ];
  });
}

/** What SCS-0104 says about the images that every cloud has. */
export const STANDARD_IMAGE_RULES: readonly Rule[] = [
  ...[SOURCE, PRESENCE, PRESENCE_RECOMMENDED],
  ...[SOURCE_V2, CAPI_V2, PRESENCE_V2, PRESENCE_RECOMMENDED_V2],
];
