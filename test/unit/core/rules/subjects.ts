import {audit} from '../../../../src/core/rules/audit.ts';
import type {Finding} from '../../../../src/core/rules/finding.ts';
import {liveSubject} from '../../../../src/core/rules/live-subject.ts';
import type {Origin} from '../../../../src/core/rules/live-subject.ts';
import {builtInProfile} from '../../../../src/core/rules/profile.ts';
import type {Profile} from '../../../../src/core/rules/profile.ts';
import type {Subject} from '../../../../src/core/rules/subject.ts';
import {subjectSet} from '../../../../src/core/rules/subject-set.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import {readDefinitions} from '../../../../src/core/definition/read.ts';
import {definitionSubjects} from '../../../../src/core/rules/definition-subjects.ts';
import {parseYaml} from '../../../../src/config/yaml.ts';

export const NOW = Date.UTC(2026, 10, 26, 12);
export const DAY = 86_400_000;
export const GIB = 1024 ** 3;

/** The day so many days before {@link NOW}, `YYYY-MM-DD`. */
export const daysAgo = (days: number): string => new Date(NOW - days * DAY).toISOString().slice(0, 10);

const MODULE = {
  architecture: 'x86_64',
  os_distro: 'ubuntu',
  os_version: '24.04',
  os_purpose: 'generic',
  hw_disk_bus: 'scsi',
  hw_scsi_model: 'virtio-scsi',
  hw_rng_model: 'virtio',
  hypervisor_type: 'qemu',
  replace_frequency: 'monthly',
  provided_until: '2029-04-30',
  uuid_validity: 'last-3',
  hotfix_hours: '0',
};

const DESCRIBED = {
  image_build_date: daysAgo(2),
  image_original_user: 'ubuntu',
  image_source: 'https://cloud-images.ubuntu.com/noble/20261124/noble-server-cloudimg-amd64.img',
  image_description: 'https://cloud-images.ubuntu.com/noble/',
};

/** Changes of a property: undefined takes it away. */
export type Changes = Readonly<Record<string, unknown>>;

/** The base of section 5 of the facts, live: everything is right. */
export function image(changes: Partial<Image> = {}, properties: Changes = {}): Image {
  const all = Object.entries<unknown>({...MODULE, ...DESCRIBED, ...properties}).filter(
    ([, value]) => value !== undefined,
  );
  return {
    id: 'aaaaaaaa-0000-4000-8000-000000000001',
    name: 'Ubuntu 24.04',
    status: 'active',
    visibility: 'public',
    osHidden: false,
    protected: false,
    owner: 'p',
    tags: ['managed_by_imgmgr', 'os:ubuntu'],
    minDisk: 8,
    minRam: 512,
    diskFormat: 'qcow2',
    containerFormat: 'bare',
    size: 600 * 1024 ** 2,
    virtualSize: 8 * GIB,
    osHashAlgo: 'sha512',
    osHashValue: 'ab',
    createdAt: new Date(NOW - DAY).toISOString(),
    updatedAt: new Date(NOW - DAY).toISOString(),
    stores: [],
    properties: Object.fromEntries(all) as Readonly<Record<string, string>>,
    ...changes,
  };
}

const OURS: Origin = {
  definition: {name: 'Ubuntu 24.04', version: '1', exceptions: []},
  mends: 'manage',
  refreshes: 'update',
};

export function live(changes: Partial<Image> = {}, properties: Changes = {}, origin: Origin = OURS): Subject {
  return liveSubject(image(changes, properties), origin);
}

/** The base as a definition; `fields` are lines of the definition, `version` fields of its version. */
export function definition({
  fields = {},
  meta = {},
  version = {},
  after = '',
}: {
  readonly fields?: Readonly<Record<string, string | undefined>>;
  readonly meta?: Readonly<Record<string, string | undefined>>;
  readonly version?: Readonly<Record<string, string | undefined>>;
  /** Further lines of the definition. */
  readonly after?: string;
}): string {
  const lines = (indent: string, map: Readonly<Record<string, string | undefined>>): string[] =>
    Object.entries(map).flatMap(([key, value]) => (value === undefined ? [] : [`${indent}${key}: ${quoted(value)}`]));
  const [first = '', ...others] = lines('    ', {
    name: 'Ubuntu 24.04',
    format: 'qcow2',
    login: 'ubuntu',
    min_disk: '8',
    min_ram: '512',
    status: 'active',
    visibility: 'public',
    multi: 'true',
    image_description: DESCRIBED.image_description,
    ...fields,
  });
  const [one = '', ...rest] = lines('        ', {
    version: '"20261124"',
    url: DESCRIBED.image_source,
    build_date: daysAgo(2),
    ...version,
  });
  return [
    `  - ${first.trim()}`,
    ...others,
    '    tags: []',
    '    meta:',
    ...lines('      ', {...MODULE, ...meta}),
    '    versions:',
    `      - ${one.trim()}`,
    ...rest,
    after,
  ].join('\n');
}

function quoted(value: string): string {
  if (/^(?:true|false|[0-9]{1,9}|"[^"]*"|'[^']*')$/.test(value)) return value;
  return /^[A-Za-z][A-Za-z0-9 .:/_-]*$/.test(value) && !value.includes(': ') ? value : JSON.stringify(value);
}

/** The subjects of definitions as {@link definition} writes them, and the problems of the file. */
export function subjectsOf(...definitions: readonly string[]): {
  readonly subjects: readonly Subject[];
  readonly problems: readonly string[];
  readonly text: string;
} {
  const text = ['images:', ...definitions, ''].join('\n');
  const {root, problems} = parseYaml(text, 'images.yml');
  const read = readDefinitions(root ? [root] : []);
  return {
    subjects: read.written.flatMap((each) => definitionSubjects(each, 'oldgeneric')),
    problems: [...problems, ...read.problems].map(({message}) => message),
    text,
  };
}

/** Findings of an audit, as `severity rule`, sorted; those that do not decide are left out, info too. */
export function judged(
  subjects: readonly Subject[],
  {profile = builtInProfile(), now = NOW, whole = true}: {profile?: Profile; now?: number; whole?: boolean} = {},
): string[] {
  return findings(subjects, {profile, now, whole})
    .filter(({decides, severity, ignored}) => decides && severity !== 'info' && ignored === undefined)
    .map(({severity, rule}) => `${severity} ${rule}`)
    .sort();
}

export function findings(
  subjects: readonly Subject[],
  {profile = builtInProfile(), now = NOW, whole = true}: {profile?: Profile; now?: number; whole?: boolean} = {},
): readonly Finding[] {
  return audit({set: subjectSet(subjects, whole), profile, now});
}
