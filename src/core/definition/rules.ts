import type {Problem} from '../../errors.ts';
import {formatPosition} from '../../errors.ts';
import {brokenBuildRules} from './build-rules.ts';
import type {ImageSite} from './subject.ts';
import {isGiven, mapsUnder, subjectOf, textUnder} from './subject.ts';
import {objectKind} from '../object-reference.ts';
import {LATEST} from '../release/version.ts';
import type {YamlNode} from './yaml-node.ts';
import {entryOf} from './yaml-node.ts';

/** The rules between several keys of one image; it does not have to fit the schema. */
export function brokenRules(site: ImageSite): Problem[] {
  return [
    ...acquisition(site),
    ...repeatedVersions(site),
    ...digestSources(site),
    ...cloudImages(site),
    ...httpRedirects(site),
    ...revokedLatest(site),
    ...reservedTags(site),
    ...sharing(site),
    ...brokenBuildRules(site),
  ];
}

/** An image is fetched or built, one of the two. */
function acquisition({root, path, image}: ImageSite): Problem[] {
  const subject = subjectOf(root, path);
  const build = entryOf(image, 'build');
  if (!isGiven(image, 'build'))
    return isGiven(image, 'versions')
      ? []
      : [
          {
            message: `${subject} has no key "versions"`,
            place: image.place,
            hint: 'add versions (an empty list is allowed) or build',
          },
        ];
  if (!build || mapsUnder(image, 'versions').length === 0) return [];
  return [
    {
      message: `${subject} has both build and versions`,
      place: build.key.place,
      hint: 'keep one: the versions of a built image are its build dates',
    },
  ];
}

function repeatedVersions({root, path, image}: ImageSite): Problem[] {
  const first = new Map<string, YamlNode>();
  return mapsUnder(image, 'versions').flatMap((version) => {
    const name = textUnder(version, 'version');
    const node = entryOf(version, 'version')?.value;
    if (name === undefined || !node) return [];
    const earlier = first.get(name);
    if (!earlier) {
      first.set(name, node);
      return [];
    }
    const message = `version "${name}" of ${subjectOf(root, path)} is listed twice, first at ${formatPosition(earlier.place)}`;
    return [{message, place: node.place, hint: 'remove one of the two'}];
  });
}

/** `latest` has no version of its own: only the digest upstream shows whether it is a new image. */
function digestSources({root, path, image}: ImageSite): Problem[] {
  return mapsUnder(image, 'versions').flatMap((version) => {
    const name = textUnder(version, 'version');
    const subject = `version "${name ?? ''}" of ${subjectOf(root, path)}`;
    const sources = ['checksums_url', 'checksum_url'].filter((key) => isGiven(version, key));
    const checksum = entryOf(version, 'checksum');
    if (sources.length === 2) {
      const place = entryOf(version, 'checksum_url')?.key.place ?? version.place;
      return [{message: `${subject} has both checksums_url and checksum_url`, place, hint: 'keep one of the two'}];
    }
    if (name !== LATEST) return [];
    if (sources.length === 0) {
      const hint = 'add checksums_url (a list with file names) or checksum_url (one bare digest)';
      return [{message: `${subject} has no digest source, so a change cannot be detected`, place: version.place, hint}];
    }
    if (!checksum || !isGiven(version, 'checksum')) return [];
    const message = `${subject} has a fixed checksum, but latest is whatever ${sources.join()} says`;
    return [{message, place: checksum.key.place, hint: 'remove checksum, or name the version'}];
  });
}

/** An image of a cloud has one place and one digest, which its Glance computed. */
function cloudImages({root, path, image}: ImageSite): Problem[] {
  return mapsUnder(image, 'versions').flatMap((version) => {
    if (objectKind(textUnder(version, 'url') ?? '') !== 'image') return [];
    const name = textUnder(version, 'version') ?? '';
    const subject = `version "${name}" of ${subjectOf(root, path)}`;
    if (name === LATEST)
      return [
        {
          message: `${subject} is an image of a cloud, which never changes`,
          place: version.place,
          hint: 'give the version a name, and list another one for another image',
        },
      ];
    return ['mirror_url', 'checksums_url', 'checksum_url'].flatMap((key) => {
      const entry = entryOf(version, key);
      if (!entry || !isGiven(version, key)) return [];
      const hint = key === 'mirror_url' ? 'list an address as url' : 'its Glance knows its digest; checksum may stay';
      return [
        {
          message: `${subject} is an image of a cloud and has ${key}`,
          place: entry.key.place,
          hint: `remove it: ${hint}`,
        },
      ];
    });
  });
}

/** Only a digest that stands in the definition makes up for a way on which anybody could change the bytes. */
function httpRedirects({root, path, image}: ImageSite): Problem[] {
  return mapsUnder(image, 'versions').flatMap((version) => {
    const allowed = entryOf(version, 'allow_http_redirect');
    const given = allowed?.value.kind === 'scalar' && allowed.value.value === true;
    if (!allowed || !given || isGiven(version, 'checksum')) return [];
    const message = `version "${textUnder(version, 'version') ?? ''}" of ${subjectOf(root, path)} has allow_http_redirect, but no checksum`;
    return [
      {
        message,
        place: allowed.key.place,
        hint: 'add checksum (algorithm:hex): without it anybody between here and the server could change the image',
      },
    ];
  });
}

/** What `latest` leads to tomorrow is another version. */
function revokedLatest({root, path, image}: ImageSite): Problem[] {
  return mapsUnder(image, 'versions').flatMap((version) => {
    const revoked = entryOf(version, 'revoked');
    if (!revoked || !isGiven(version, 'revoked') || textUnder(version, 'version') !== LATEST) return [];
    const hint = 'list the revoked version by its own name, with its checksum';
    return [{message: `version "latest" of ${subjectOf(root, path)} is revoked`, place: revoked.key.place, hint}];
  });
}

/** Our own mark must not come and go with a definition's tags. */
function reservedTags({root, path, image}: ImageSite): Problem[] {
  const tags = entryOf(image, 'tags')?.value;
  if (tags?.kind !== 'list') return [];
  return tags.items
    .filter((tag) => tag.kind === 'scalar' && tag.source.startsWith('managed_by_imgmgr'))
    .map(({place}) => ({
      message: `the tag managed_by_imgmgr of ${subjectOf(root, path)} is set by imgmgr itself`,
      place,
      hint: 'remove it',
    }));
}

/** Glance has members of shared images only. */
function sharing({root, path, image}: ImageSite): Problem[] {
  const share = entryOf(image, 'share');
  if (!share || !isGiven(image, 'share')) return [];
  const subject = subjectOf(root, path);
  const place = share.key.place;
  const visibility = textUnder(image, 'visibility');
  const isNobody =
    share.value.kind === 'map' && ['projects', 'domains'].every((key) => !hasItems(entryOf(share.value, key)?.value));
  return [
    ...(visibility === 'shared'
      ? []
      : [
          {
            message: `${subject} has share, but visibility "${visibility ?? ''}": only shared images have members`,
            place,
            hint: 'write visibility: shared, or take share out',
          },
        ]),
    ...(isNobody
      ? [{message: `share of ${subject} names nobody`, place, hint: 'add projects or domains, or take share out'}]
      : []),
  ];
}

/** Anything but an empty or absent list; what fits no schema is said by the schema. */
function hasItems(node: YamlNode | undefined): boolean {
  if (node === undefined) return false;
  return node.kind === 'list' ? node.items.length > 0 : !(node.kind === 'scalar' && node.value === null);
}
