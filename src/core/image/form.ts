import {unsignedUrl} from '../public-url.ts';
import {INPUTS_PROPERTY} from '../build/choose-build.ts';
import type {Definition} from '../definition/definition.ts';
import type {Image, ImagePatch, NewImage, Visibility} from './image.ts';
import {publishedName, retiredName} from './naming.ts';
import type {Policy} from '../policy.ts';
import {retireWay} from '../policy.ts';
import {compact} from './patch.ts';
import type {Release} from '../release/release.ts';
import {demandedId} from '../release/release.ts';
import type {Applied, Stamp} from './stamp.ts';
import {MANAGED_TAG, formatApplied, formatKeys, readStamp, stampProperties} from './stamp.ts';
import {isCalendarDate} from '../time-text.ts';

/** What shapes an image besides its definition and release. */
export interface FormContext {
  readonly definition: Definition;
  readonly release: Release;
  /** `--tag`. */
  readonly tag?: string;
  /** The word that `os_purpose: generic` becomes for images that users are not meant to choose. */
  readonly oldPurpose: string;
  /** How such images are shown; nothing said: as before. */
  readonly retired?: {readonly hidden: boolean; readonly community: boolean};
  /** True when the definition came from the command line. */
  readonly adHoc: boolean;
}

/** Everything about a published image that a definition decides. Sizes: GiB and MiB. */
export interface Form {
  readonly name: string;
  readonly visibility: Visibility;
  readonly osHidden: boolean;
  readonly protected: boolean;
  readonly status: 'active' | 'deactivated';
  readonly minDisk: number;
  readonly minRam: number;
  /** Definition tags and the flag's, without {@link MANAGED_TAG}. */
  readonly tags: readonly string[];
  readonly flagTags: readonly string[];
  /** Ordinary properties, without the stamp. */
  readonly properties: Readonly<Record<string, string>>;
}

const GIB = 1024 ** 3;

/** The context of a release in a run. */
export function formContext(input: {
  readonly definition: Definition;
  readonly release: Release;
  readonly policy: Policy;
  readonly adHoc: boolean;
}): FormContext {
  const {definition, release, policy, adHoc} = input;
  const way = retireWay(policy, definition);
  return {
    definition,
    release,
    adHoc,
    oldPurpose: policy.oldPurpose,
    retired: {hidden: policy.hide || way === 'hidden', community: way === 'community'},
    ...(policy.tag !== undefined && {tag: policy.tag}),
  };
}

/** The form of a release while it is current. */
export function currentForm(context: FormContext): Form {
  const {definition, release, tag} = context;
  const {listed} = release;
  const properties = describe(context);
  const distro = properties['os_distro'];
  return {
    name: publishedName(definition, release.version),
    visibility: listed?.visibility ?? definition.visibility,
    osHidden: listed?.hidden ?? false,
    protected: definition.protected,
    status: definition.status,
    minDisk: definition.minDiskGib,
    minRam: definition.minRamMib,
    tags: [...new Set([...(distro === undefined ? [] : [`os:${distro}`]), ...definition.tags])],
    flagTags: tag === undefined ? [] : [tag],
    properties,
  };
}

/** The form of a listed release that another one supersedes: its own name, the old purpose, none of the tags; never seen by more people. */
export function supersededForm(context: FormContext): Form {
  const form = currentForm(context);
  return {
    ...form,
    name: retiredName(context.definition, context.release.version),
    osHidden: form.osHidden || context.retired?.hidden === true,
    visibility: context.retired?.community === true && form.visibility === 'public' ? 'community' : form.visibility,
    tags: [],
    flagTags: [],
    properties: withOldPurpose(form.properties, context.oldPurpose),
  };
}

/** The record that is created before any byte travels: private, hidden, under its retired name, with only our own tag. */
export function candidate(context: FormContext, run: string, virtualSize: number | undefined): NewImage {
  const {definition, release, adHoc} = context;
  const form = supersededForm(context);
  const id = demandedId(release);
  const stamp: Stamp = {
    definition: definition.name,
    version: release.version,
    state: 'importing',
    run,
    keys: [],
    adHoc,
    ...(release.digest && {digest: release.digest}),
  };
  return {
    ...(id !== undefined && {id}),
    name: form.name,
    osHidden: true,
    diskFormat: definition.format,
    minDisk: Math.max(form.minDisk, gibibytes(virtualSize)),
    minRam: form.minRam,
    tags: [MANAGED_TAG],
    properties: {
      ...form.properties,
      ...stampProperties(stamp),
      ...(release.build && {[INPUTS_PROPERTY]: release.build.inputs}),
    },
  };
}

/** The one PATCH that publishes a proven image in the given form. */
export function publishPatch(input: {
  readonly live: Image;
  readonly form: Form;
  readonly state: 'current' | 'retired';
  readonly run: string;
  readonly digest?: Stamp['digest'];
  /** What is to be remembered of its verification. */
  readonly passed?: Readonly<Record<string, string>>;
}): ImagePatch {
  const {live, form, state, run, digest, passed} = input;
  const old = readStamp(live);
  const stamp = {
    imgmgr_state: state,
    imgmgr_run: run,
    ...(digest && {imgmgr_digest: `${digest.algorithm}:${digest.hex}`}),
    ...ownershipProperties(form),
    ...passed,
  };
  const wanted = {...form.properties, ...stamp};
  return compact(live, {
    name: form.name,
    visibility: form.visibility,
    osHidden: form.osHidden,
    protected: form.protected,
    minDisk: Math.max(form.minDisk, gibibytes(live.virtualSize), gibibytes(live.size)),
    minRam: form.minRam,
    tags: desiredTags(live, form, old?.keys ?? []),
    set: wanted,
    remove: removable(live, form, [...(old?.keys ?? []), 'imgmgr_expires']),
  });
}

/** The stamp's record of what we set, for later drift and retirement. */
function ownershipProperties(form: Form): Record<string, string> {
  return {imgmgr_keys: formatKeys(ownedKeys(form)), imgmgr_applied: formatApplied(appliedBy(form))};
}

/** Property keys, `tag:` and `flag-tag:` entries that a form sets. */
export function ownedKeys(form: Form): string[] {
  return [
    ...Object.keys(form.properties),
    ...form.tags.map((tag) => `tag:${tag}`),
    ...form.flagTags.map((tag) => `flag-tag:${tag}`),
  ];
}

/** What applying the form leaves in the fields that operators change by hand. */
export function appliedBy(form: Form): Applied {
  return {visibility: form.visibility, osHidden: form.osHidden, status: form.status, protected: form.protected};
}

/** The tags after applying a form: ours that are no longer wanted go, everybody else's stay. */
export function desiredTags(live: Image, form: Form, keys: readonly string[]): string[] {
  const gone = new Set(keys.filter((key) => key.startsWith('tag:')).map((key) => key.slice('tag:'.length)));
  const kept = live.tags.filter((tag) => !gone.has(tag));
  return [...new Set([...kept, MANAGED_TAG, ...form.tags, ...form.flagTags])].sort();
}

/** Every tag that we set once, by definition or by flag. */
export function ownTags(keys: readonly string[]): Set<string> {
  return new Set(keys.flatMap((key) => /^(?:flag-)?tag:(.*)$/s.exec(key)?.[1] ?? []));
}

/** Keys that we set once and that the form has no more; reserved prefixes always stay. */
export function removable(live: Image, form: Form, keys: readonly string[]): string[] {
  return keys.filter(
    (key) =>
      !/^(?:flag-)?tag:/.test(key) &&
      key in live.properties &&
      !(key in form.properties) &&
      !/^(?:os_glance_|owner_specified\.|trait:)/.test(key),
  );
}

/** Bytes in whole GiB, rounded up; 0 where unknown. */
export function gibibytes(bytes: number | null | undefined): number {
  return Math.ceil((bytes ?? 0) / GIB);
}

/** The properties with `os_purpose: generic` replaced by that word. */
export function withOldPurpose(
  properties: Readonly<Record<string, string>>,
  oldPurpose: string,
): Readonly<Record<string, string>> {
  return properties['os_purpose'] === 'generic' ? {...properties, os_purpose: oldPurpose} : properties;
}

/** Precedence as the peer's: the definition's meta, then what we compute, then what the version says itself. */
function describe({definition, release}: FormContext): Record<string, string> {
  const {listed} = release;
  const computed: Record<string, string> = {
    image_description:
      listed?.imageDescription ??
      definition.imageDescription ??
      definition.meta['image_description'] ??
      definition.name,
    image_name: definition.name,
    image_original_user: definition.login,
    image_source:
      release.kind === 'build' ? release.build.source : (release.listed.source ?? shownSource(release.listed.url)),
    ...buildDate(release),
    internal_version: release.version,
    ...(!definition.multi && {os_version: release.version}),
    ...(release.kind === 'latest' && release.digest && {upstream_checksum: release.digest.hex}),
    ...(listed?.osVersion !== undefined && definition.multi && {os_version: listed.osVersion}),
  };
  const merged: Record<string, string | null> = {...definition.meta, ...computed, ...listed?.meta, ...release.boot};
  return Object.fromEntries(Object.entries(merged).flatMap(([key, value]) => (value === null ? [] : [[key, value]])));
}

/** As written; for `latest` the day that labels it (the upstream's Last-Modified), which SCS-0102 wants to know. */
function buildDate({kind, listed, build, version}: Release): {image_build_date?: string} {
  const written = build?.date ?? listed?.buildDate;
  if (written !== undefined) return {image_build_date: written};
  const day = kind === 'latest' ? version.replace(/^(\d{4})(\d{2})(\d{2})$/, '$1-$2-$3') : '';
  return isCalendarDate(day) ? {image_build_date: day} : {};
}

/** The address from which everybody can have it, without what is as good as a password; of everything else the word of SCS-0102. */
function shownSource(url: string): string {
  return /^(?:https?|ftps?):/i.test(url) ? unsignedUrl(url) : 'private';
}
