/** A standard image of SCS-0104: by its exact name, or by how its name begins. */
export interface StandardImage {
  /** How the profile file and messages call it. */
  readonly name: string;
  readonly matches: (name: string) => boolean;
  /** One of these begins its image_source. */
  readonly sources: readonly string[];
  readonly presence?: 'mandatory' | 'recommended';
}

const CODENAMES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  ubuntu: {'20.04': 'focal', '22.04': 'jammy', '24.04': 'noble'},
  debian: {'10': 'buster', '11': 'bullseye', '12': 'bookworm', '13': 'trixie'},
};

const CAPI_SOURCES = [
  'https://nbg1.your-objectstorage.com/osism/openstack-k8s-capi-images/',
  ...['2204', '2404'].map(
    (version) =>
      `https://swift.services.a.regiocloud.tech/swift/v1/AUTH_b182637428444b9aa302bb8d5a5a418c/openstack-k8s-capi-images/ubuntu-${version}-kube`,
  ),
];

/** The prefixes of image_source for a version of Ubuntu or Debian; undefined for other distributions and odd versions. */
export function sourcesOf(distro: string, version: string): readonly string[] | undefined {
  if (distro === 'ubuntu' && /^[0-9]{2}\.[0-9]{2}$/.test(version)) {
    const name = CODENAMES['ubuntu']?.[version];
    const root = 'https://cloud-images.ubuntu.com/';
    return name === undefined ? [root] : [`${root}releases/${name}/`, `${root}${name}/`];
  }
  if (distro !== 'debian' || !/^[0-9]{1,2}$/.test(version)) return undefined;
  const name = CODENAMES['debian']?.[version];
  const roots = ['https://cloud.debian.org/images/cloud/', 'https://cdimage.debian.org/cdimage/cloud/'];
  return name === undefined ? roots : roots.map((root) => `${root}${name}/`);
}

/** True for the names of images for Cluster API: `ubuntu-capi-image-v1.33…`, with a blank or a dash. */
export function isCapiName(name: string): boolean {
  return /^ubuntu-capi-image[ -]v[0-9]\.[0-9]/.test(name);
}

/**
 * Those of version 1 that the official tests of the certificates v5.1 and next look at.
 * https://github.com/SovereignCloudStack/standards/blob/main/Tests/iaas/scs_0104_standard_images/standard_images.py
 */
export const STANDARD_IMAGES: readonly StandardImage[] = [
  {...named('Ubuntu 24.04', 'ubuntu', '24.04'), presence: 'mandatory'},
  named('Ubuntu 22.04', 'ubuntu', '22.04'),
  named('Ubuntu 20.04', 'ubuntu', '20.04'),
  named('Debian 13', 'debian', '13'),
  {...named('Debian 12', 'debian', '12'), presence: 'recommended'},
  named('Debian 11', 'debian', '11'),
  {name: 'ubuntu-capi-image', matches: isCapiName, sources: CAPI_SOURCES, presence: 'recommended'},
];

/** A release of a distribution, and the day (milliseconds since 1970) from which on clouds are to have it. */
export interface DistroRelease {
  readonly distro: string;
  readonly version: string;
  readonly from: number;
}

const FIRST_LTS = 2020;
const LAST_LTS = 2060;

/** The long-term versions of Ubuntu, one every second year; version 2 wants each by April 30. Newest first. */
export const UBUNTU_LTS: readonly DistroRelease[] = Array.from({length: (LAST_LTS - FIRST_LTS) / 2 + 1}, (_, index) => {
  const year = LAST_LTS - 2 * index;
  return {distro: 'ubuntu', version: `${year - 2000}.04`, from: Date.UTC(year, 3, 30)};
});

/** The stable versions of Debian that are known, a month after their release. Newest first. */
export const DEBIAN_STABLE: readonly DistroRelease[] = [
  {distro: 'debian', version: '13', from: Date.UTC(2025, 8, 9)},
  {distro: 'debian', version: '12', from: Date.UTC(2023, 6, 10)},
  {distro: 'debian', version: '11', from: Date.UTC(2021, 8, 14)},
];

function named(name: string, distro: string, version: string): StandardImage {
  return {name, matches: (other) => other === name, sources: sourcesOf(distro, version) ?? []};
}
