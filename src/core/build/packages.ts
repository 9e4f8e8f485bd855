import {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import {byCharacters} from '../order.ts';
import {readJson} from './read-json.ts';

/** A package of an image, as its package tool names it; the version of an rpm is `version-release`. */
export interface Package {
  readonly name: string;
  readonly version: string;
  readonly arch: string;
}

/**
 * The packages that are installed, by name, architecture and version. `dpkg`: the file `dib-manifest-dpkg-*` that
 * diskimage-builder leaves in `NAME.d/dib-manifests`
 * (https://opendev.org/openstack/diskimage-builder/src/branch/master/diskimage_builder/elements/dpkg/finalise.d/99-write-dpkg-manifest);
 * `rpm`: what `rpm -qa` prints, for which it has no file. UNSUPPORTED for a text that is neither.
 */
export function parsePackages(text: string, kind: 'dpkg' | 'rpm'): readonly Package[] {
  return sortPackages(kind === 'dpkg' ? fromDpkg(text) : fromRpm(text));
}

/** A sorted copy; the order is that of characters, the same on every host. */
export function sortPackages(packages: readonly Package[]): readonly Package[] {
  return [...packages].sort(
    (a, b) => byCharacters(a.name, b.name) || byCharacters(a.arch, b.arch) || byCharacters(a.version, b.version),
  );
}

const DpkgList = z.object({
  packages: z.array(z.object({package: z.string(), arch: z.string(), version: z.string(), status: z.string()})),
});

function fromDpkg(text: string): Package[] {
  const read = readJson(DpkgList, text);
  if ('problem' in read) throw unreadable('dpkg', read.problem);
  return read.value.packages
    .filter(({status}) => !ABSENT.test(status))
    .map(({package: name, arch, version}) => ({name: plainName(name, arch), version, arch}));
}

/** Removed but for its configuration, or only known: the second letter of `db:Status-Abbrev` (dpkg-query(1)). */
const ABSENT = /^.[cn]/;

/** dpkg writes `libc6:amd64` where a package may be there for several architectures. */
function plainName(name: string, arch: string): string {
  return name.endsWith(`:${arch}`) ? name.slice(0, -arch.length - 1) : name;
}

/** `name-version-release.arch`; only a name may hold further hyphens, and the keys (`gpg-pubkey`) have no architecture. */
const RPM = /^(.+)-([^-\s]+)-([^-\s]+?)(?:\.([^.\s-]+))?$/;

function fromRpm(text: string): Package[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines.flatMap((line, index) => {
    if (line === '') return [];
    const [, name, version, release, arch = NO_ARCH] = RPM.exec(line) ?? [];
    if (name === undefined || version === undefined || release === undefined)
      throw unreadable('rpm', `has no name-version-release.arch in line ${index + 1}: "${line}"`);
    return [{name, version: `${version}-${release}`, arch: arch === '(none)' ? NO_ARCH : arch}];
  });
}

const NO_ARCH = 'noarch';

function unreadable(kind: string, problem: string): ImgmgrError {
  return new ImgmgrError('UNSUPPORTED', `the ${kind} list of the image's packages ${problem}`, {
    hint: 'imgmgr reads what diskimage-builder 3.13 and 3.43 write; use one of these',
  });
}
