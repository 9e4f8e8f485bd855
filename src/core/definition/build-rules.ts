import type {Problem} from '../../errors.ts';
import {contradictions} from '../build/claims.ts';
import {BUILD_FORMATS} from '../build/spec.ts';
import {secretIn} from '../build/secrets.ts';
import {keepsItsText, readMeta} from './meta.ts';
import {misreadText} from './problems.ts';
import type {ImageSite} from './subject.ts';
import {isGiven, subjectOf, textUnder} from './subject.ts';
import type {YamlMap, YamlNode} from './yaml-node.ts';
import {entryOf} from './yaml-node.ts';

/** The rules of the section `build`: its variables, its elements, and what the rest of the definition says of the same things. */
export function brokenBuildRules(site: ImageSite): Problem[] {
  const build = entryOf(site.image, 'build')?.value;
  if (build?.kind !== 'map') return [];
  return [
    ...variables(site, build),
    ...container(site, build),
    ...growth(site, build),
    ...formats(site, build),
    ...claims(site, build),
    ...names(site, build),
  ];
}

/** Variables are text: a number that YAML would change must be quoted. And none may be a secret: all of them end up in the image. */
function variables({root, path}: ImageSite, build: YamlMap): Problem[] {
  const section = entryOf(build, 'environment')?.value;
  if (section?.kind !== 'map') return [];
  const release = entryOf(build, 'release');
  return section.entries.flatMap(({key, value}): Problem[] => {
    const what = `"${key.source}" of build.environment of ${subjectOf(root, path)}`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key.source))
      return [{message: `${what} is no name of a variable`, place: key.place, hint: 'write letters, digits and _'}];
    if (key.source === 'DIB_RELEASE' && release && isGiven(build, 'release'))
      return [{message: `${what} and build.release say the same thing`, place: key.place, hint: 'keep build.release'}];
    const reserved = RESERVED.get(key.source);
    if (reserved !== undefined) return [{message: `${what} is set by imgmgr itself`, place: key.place, hint: reserved}];
    if (value.kind !== 'scalar') return [];
    if (!keepsItsText(value)) return [misreadText(what, key.source, value)];
    if (!key.source.startsWith('DIB_') && !OTHER_NAMES.has(key.source))
      return [
        {
          message: `${what} is no variable that a build may be given`,
          place: key.place,
          hint: `name it DIB_…; besides those only ${[...OTHER_NAMES].join(', ')} are taken`,
        },
      ];
    const secret = secretIn(key.source, value.source);
    if (secret === undefined) return [];
    const message = `${what} ${secret}, and diskimage-builder writes its environment into the image`;
    return [{message, place: key.place, hint: 'remove it; give secrets to servers by their user data, not to images'}];
  });
}

/** The keys of a container need one, its arguments are no secrets, and what imgmgr sets for it is not set besides. */
function container({root, path}: ImageSite, build: YamlMap): Problem[] {
  const subject = subjectOf(root, path);
  if (!isGiven(build, 'containerfile'))
    return ['context', 'build_args'].flatMap((key): Problem[] => {
      const entry = entryOf(build, key);
      if (!entry || !isGiven(build, key)) return [];
      const message = `build.${key} of ${subject} has no containerfile to be for`;
      return [{message, place: entry.key.place, hint: `name it with build.containerfile, or remove ${key}`}];
    });
  const variables = entryOf(build, 'environment')?.value;
  const set = (variables?.kind === 'map' ? variables.entries : []).flatMap(({key}): Problem[] => {
    if (!/^DIB_CONTAINER(?!FILE_NETWORK_DRIVER$)/.test(key.source)) return [];
    const message = `"${key.source}" of build.environment of ${subject} is set by imgmgr for build.containerfile`;
    return [{message, place: key.place, hint: 'remove it; context and build_args are keys of build'}];
  });
  const section = entryOf(build, 'build_args')?.value;
  const args = (section?.kind === 'map' ? section.entries : []).flatMap(({key, value}): Problem[] => {
    const what = `"${key.source}" of build.build_args of ${subject}`;
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(key.source))
      return [{message: `${what} is no name of an argument`, place: key.place, hint: 'write letters, digits and _'}];
    if (value.kind !== 'scalar') return [];
    if (!keepsItsText(value)) return [misreadText(what, key.source, value)];
    const secret = secretIn(key.source, value.source);
    if (secret === undefined) return [];
    const message = `${what} ${secret}, and the history of a container image keeps its arguments`;
    return [{message, place: key.place, hint: 'remove it; give secrets to servers by their user data, not to images'}];
  });
  return [...set, ...args];
}

/** What elements read besides DIB_*, and what cannot change which program of this host runs; docs/building.md lists them. */
const OTHER_NAMES: ReadonlySet<string> = new Set([
  ...['FS_TYPE', 'LANG', 'LC_ALL', 'SOURCE_DATE_EPOCH', 'TZ'],
  ...['http_proxy', 'https_proxy', 'ftp_proxy', 'no_proxy', 'HTTP_PROXY', 'HTTPS_PROXY', 'FTP_PROXY', 'NO_PROXY'],
]);

const RESERVED: ReadonlyMap<string, string> = new Map([
  ['TMP_DIR', 'set IMGMGR_BUILD_DIR for imgmgr instead'],
  ['ELEMENTS_PATH', 'use build.elements_path'],
  ['DIB_IMAGE_SIZE', 'use build.size'],
  ['DIB_IMAGE_CACHE', 'remove it: the cache belongs to imgmgr'],
  ['DIB_IMGMGR_AGENT_PATH', 'remove it: imgmgr brings its own agent'],
  ['PATH', 'remove it'],
  ['HOME', 'remove it'],
  ['LD_PRELOAD', 'remove it'],
  ['BASH_ENV', 'remove it'],
]);

/** Two that grow the root at the same boot get in each other's way: cloud-init's growpart does it. */
function growth({root, path}: ImageSite, build: YamlMap): Problem[] {
  return itemsOf(build, 'elements').flatMap((item) =>
    item.kind === 'scalar' && item.value === 'growroot'
      ? [
          {
            message: `the element growroot of ${subjectOf(root, path)} grows the root besides cloud-init's growpart`,
            place: item.place,
            hint: 'remove it; cloud-init-custom installs and configures growpart',
          },
        ]
      : [],
  );
}

function formats({root, path, image}: ImageSite, build: YamlMap): Problem[] {
  const format = entryOf(image, 'format')?.value;
  const name = textUnder(image, 'format');
  if (!format || name === undefined) return [];
  const subject = subjectOf(root, path);
  if (!BUILD_FORMATS.some((format) => format === name))
    return [
      {message: `format "${name}" of ${subject} cannot be built`, place: format.place, hint: 'write qcow2 or raw'},
    ];
  const listed = itemsOf(build, 'formats');
  if (listed.length === 0 || listed.some((item) => item.kind === 'scalar' && item.value === name)) return [];
  const place = entryOf(build, 'formats')?.key.place ?? format.place;
  return [{message: `build.formats of ${subject} lacks ${name}, its format in Glance`, place, hint: `add ${name}`}];
}

/** Properties that follow from the build must not be claimed to be otherwise. */
function claims({root, path, image}: ImageSite, build: YamlMap): Problem[] {
  const section = entryOf(image, 'meta')?.value;
  const meta = section?.kind === 'map' ? readMeta(section, 'meta').values : {};
  const elements = itemsOf(build, 'elements').flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [item.value] : [],
  );
  const variables = entryOf(build, 'environment')?.value;
  const environment = Object.fromEntries(
    variables?.kind === 'map'
      ? variables.entries.flatMap(({key, value}) => (value.kind === 'scalar' ? [[key.source, value.source]] : []))
      : [],
  ) as Record<string, string>;
  return contradictions({elements, environment}, meta).map(({key, message, hint}) => ({
    message: `${message} (${subjectOf(root, path)})`,
    place: entryOf(section, key)?.value.place ?? image.place,
    hint,
  }));
}

/** The versions of a built image are its build dates: with `multi: false` they would become its os_version. */
function names({root, path, image}: ImageSite, build: YamlMap): Problem[] {
  const multi = entryOf(image, 'multi')?.value;
  if (multi?.kind !== 'scalar' || multi.value !== false || build.entries.length === 0) return [];
  return [
    {
      message: `${subjectOf(root, path)} is built, but has multi: false, which makes the build date its os_version`,
      place: multi.place,
      hint: 'write multi: true',
    },
  ];
}

function itemsOf(build: YamlMap, key: string): readonly YamlNode[] {
  const list = entryOf(build, key)?.value;
  return list?.kind === 'list' ? list.items : [];
}
