import type {FilePosition} from '../../errors.ts';
import type {Definition} from '../definition/definition.ts';
import type {WrittenDefinition} from '../definition/read.ts';
import {mapsUnder} from '../definition/subject.ts';
import type {YamlMap} from '../definition/yaml-node.ts';
import {entryOf} from '../definition/yaml-node.ts';
import type {Form} from '../image/form.ts';
import {currentForm, formContext, supersededForm} from '../image/form.ts';
import {DEFAULT_POLICY} from '../policy.ts';
import type {Release} from '../release/release.ts';
import {currentReleases, latestRelease, releaseOf, sortReleases} from '../release/release.ts';
import {LATEST} from '../release/version.ts';
import type {By} from './rule-text.ts';
import type {Subject} from './subject.ts';

/**
 * The images that a definition publishes when all its versions are there, revoked ones left out: the current ones, and superseded ones in their retired form. One
 * that lists no version and builds nothing gives one subject that is not published.
 */
export function definitionSubjects({definition, node}: Written, oldGeneric: string): readonly Subject[] {
  const releases = sortReleases(releasesOf(definition));
  const current = new Set(currentReleases(definition, releases));
  const policy = {...DEFAULT_POLICY, oldPurpose: oldGeneric};
  return releases.map((release) => {
    const context = formContext({definition, release, policy, adHoc: false});
    const form = current.has(release) ? currentForm(context) : supersededForm(context);
    return subjectOf(form, {definition, node, release});
  });
}

function releasesOf(definition: Definition): readonly Release[] {
  if (definition.versions.length > 0)
    return definition.versions
      .filter(({revoked}) => revoked === undefined)
      .map((version) => (version.version === LATEST ? latestRelease(version, LATEST) : releaseOf(version)));
  const {build, place} = definition;
  // No build is looked for: its day, and the version that follows from it, are not known yet.
  return [{kind: 'build', version: '', place, build: {inputs: '', why: '', source: build?.source ?? 'private'}}];
}

/** A definition; without the mapping that it was read from, each place is that of its name. */
interface Written extends Pick<WrittenDefinition, 'definition'> {
  readonly node?: WrittenDefinition['node'] | undefined;
}

interface Origin extends Written {
  readonly release: Release;
}

/** The image that a run makes of a release in that form; what only the run finds out is left open. */
export function plannedSubject(form: Form, {definition, release}: Pick<Origin, 'definition' | 'release'>): Subject {
  const {properties} = form;
  return {
    ...formSubject(form, {definition, release}),
    kind: 'planned',
    properties,
    later: new Set([...laterOf(definition, release)].filter((key) => properties[key] === undefined)),
    published: true,
    placeOf: () => definition.place,
  };
}

function subjectOf(form: Form, {definition, node, release}: Origin): Subject {
  return {
    ...formSubject(form, {definition, release}),
    kind: 'definition',
    placeOf: node ? placesOf(node, {definition, release}) : () => definition.place,
  };
}

function formSubject(
  form: Form,
  {definition, release}: Pick<Origin, 'definition' | 'release'>,
): Omit<Subject, 'kind' | 'placeOf'> {
  const {version} = release;
  const later = laterOf(definition, release);
  return {
    name: form.name,
    definition: definition.name,
    ...(version !== '' && {version}),
    status: form.status,
    visibility: form.visibility,
    osHidden: form.osHidden,
    minDisk: form.minDisk,
    minRam: form.minRam,
    tags: form.tags,
    properties: Object.fromEntries(Object.entries(form.properties).filter(([key]) => !later.has(key))),
    later,
    published: definition.enabled && (definition.build !== undefined || definition.versions.length > 0),
    mends: 'you',
    refreshes: refresherOf(definition, release),
    exceptions: definition.exceptions ?? [],
  };
}

/** What a run finds out: the day of a build, and of what `latest` leads to. */
function laterOf({build, versions, multi}: Definition, {kind}: Release): ReadonlySet<string> {
  if (build !== undefined || kind === 'latest') return new Set(['image_build_date']);
  if (versions.length > 0) return new Set();
  return new Set(['image_build_date', 'image_source', ...(multi ? [] : ['os_version'])]);
}

function refresherOf({build}: Definition, {kind}: Release): By {
  return build !== undefined || kind === 'latest' ? 'manage' : 'update';
}

/** Where the value of a property stands, or the key; where it is absent, the nearest thing around it. */
function placesOf(
  node: YamlMap,
  {definition, release}: Pick<Origin, 'definition' | 'release'>,
): NonNullable<Subject['placeOf']> {
  const version = mapsUnder(node, 'versions').find((each) => entryOf(each, 'version')?.value.place === release.place);
  return (field, part) => {
    for (const [owner, key] of wherePropertyStands(field, definition)) {
      const section = owner === 'version' || owner === 'version.meta' ? version : node;
      const map = owner.endsWith('meta') ? entryOf(section, 'meta')?.value : section;
      const entry = entryOf(map, key);
      if (entry) return part === 'key' ? entry.key.place : entry.value.place;
    }
    return around(field, {node, version, definition});
  };
}

type Owner = 'version' | 'version.meta' | 'image' | 'image.meta';

/** The keys that decide about a property, the first that is there. */
function wherePropertyStands(field: string, {multi, build}: Definition): readonly (readonly [Owner, string])[] {
  const own: readonly (readonly [Owner, string])[] = [
    ['version.meta', field],
    ...(WRITTEN_AS[field] ?? []),
    ...(field === 'os_version' ? ([['version', multi ? 'os_version' : 'version']] as const) : []),
    ...(field === 'image_source' && build !== undefined ? ([['image', 'build']] as const) : []),
    ['image.meta', field],
  ];
  return FIELDS.has(field)
    ? [
        ['version', field],
        ['image', field],
      ]
    : own;
}

const FIELDS: ReadonlySet<string> = new Set([
  ...['name', 'status', 'visibility', 'min_disk', 'min_ram', 'tags', 'audit', 'meta'],
]);

const WRITTEN_AS: Readonly<Record<string, readonly (readonly [Owner, string])[]>> = {
  image_build_date: [['version', 'build_date']],
  image_source: [
    ['version', 'source'],
    ['version', 'url'],
  ],
  image_description: [
    ['version', 'image_description'],
    ['image', 'image_description'],
  ],
  image_original_user: [['image', 'login']],
};

interface Around {
  readonly node: YamlMap;
  readonly version: YamlMap | undefined;
  readonly definition: Definition;
}

function around(field: string, {node, version, definition}: Around): FilePosition {
  if (field === 'image_build_date' && version) return version.place;
  return (Object.hasOwn(WRITTEN_AS, field) ? undefined : entryOf(node, 'meta')?.key.place) ?? definition.place;
}
