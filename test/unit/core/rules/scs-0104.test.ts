import {expect, test} from 'vitest';
import {findings, live} from './subjects.ts';

const UBUNTU = 'https://cloud-images.ubuntu.com/';
const DEBIAN = ['https://cloud.debian.org/images/cloud/', 'https://cdimage.debian.org/cdimage/cloud/'];
const SWIFT =
  'https://swift.services.a.regiocloud.tech/swift/v1/AUTH_b182637428444b9aa302bb8d5a5a418c/openstack-k8s-capi-images/ubuntu-';

const ubuntu = (code: string): readonly string[] => [`${UBUNTU}releases/${code}/`, `${UBUNTU}${code}/`];
const debian = (code: string): readonly string[] => DEBIAN.map((root) => `${root}${code}/`);
const CAPI = [
  'https://nbg1.your-objectstorage.com/osism/openstack-k8s-capi-images/',
  `${SWIFT}2204-kube`,
  `${SWIFT}2404-kube`,
];

/** Which name the official run demands which sources of: the test module scs-0104-v1-2. */
const SPECS: readonly {readonly name: RegExp; readonly sources: readonly string[]}[] = [
  {name: /^Ubuntu 24\.04$/, sources: ubuntu('noble')},
  {name: /^Ubuntu 22\.04$/, sources: ubuntu('jammy')},
  {name: /^Ubuntu 20\.04$/, sources: ubuntu('focal')},
  {name: /^Debian 13$/, sources: debian('trixie')},
  {name: /^Debian 12$/, sources: debian('bookworm')},
  {name: /^Debian 11$/, sources: debian('bullseye')},
  {name: /^ubuntu-capi-image v[0-9]\.[0-9]+(\.[0-9]+)?/, sources: CAPI},
  {name: /^ubuntu-capi-image-v[0-9]\.[0-9]+(\.[0-9]+)?/, sources: CAPI},
];
const NAMES = [
  ...['Ubuntu 24.04', 'Ubuntu 22.04', 'Ubuntu 20.04', 'Debian 13', 'Debian 12', 'Debian 11'],
  ...['ubuntu 24.04', 'Ubuntu 24.04 20260901', 'Ubuntu  24.04', 'Ubuntu 24.04 ', 'Debian 10', 'Debian 14', 'Ubuntu'],
  ...['ubuntu-capi-image v1.33', 'ubuntu-capi-image-v1.33.4 (20260101)', 'ubuntu-capi-image-v1.33-custom'],
  ...['ubuntu-capi-image-v10.1', 'ubuntu-capi-image', 'ubuntu-capi-image_v1.33', 'my ubuntu-capi-image v1.33', 'x'],
];
const SOURCES = [
  ...['noble', 'jammy', 'focal'].flatMap(ubuntu),
  ...['trixie', 'bookworm', 'bullseye'].flatMap(debian),
  ...CAPI,
  ...['private', 'https://mirror.example.com/noble/', `${UBUNTU}noble`, `${UBUNTU}minimal/releases/noble/`, ''],
  ...[`http://cloud-images.ubuntu.com/noble/`, ` ${UBUNTU}noble/`, 'HTTPS://cloud-images.ubuntu.com/noble/'],
];

/** Numbers below `end`, the same in each run of the test. */
function numbers(seed: number): (end: number) => number {
  let state = seed;
  return (end) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * end);
  };
}

test('SCS-0104, test module: sources and presence of 1,200 sets of images as the official test has them', () => {
  const below = numbers(104);
  const pick = <T>(values: readonly T[]): T => values[below(values.length)] as T;
  const seen = {faults: 0, absent: 0};
  for (let round = 0; round < 1200; round++) {
    const images = Array.from({length: 1 + below(6)}, (_, index) => ({
      id: `aaaaaaaa-0000-4000-8000-00000000000${index}`,
      name: pick(NAMES),
      visibility: pick(['public', 'public', 'public', 'community', 'private', 'shared'] as const),
      osHidden: below(8) === 0,
      source: pick([pick(SOURCES), `${pick(SOURCES)}20261124/disk.img`, pick(SOURCES)]),
    }));
    const subjects = images.map(({source, ...changes}) => live(changes, {image_source: source}));
    const listed = images.filter(({visibility, osHidden}) => ['public', 'community'].includes(visibility) && !osHidden);
    const wrong = listed
      .filter(({name, source}) =>
        SPECS.some((spec) => spec.name.test(name) && !spec.sources.some((prefix) => source.startsWith(prefix))),
      )
      .map(({id}) => id);
    const isAbsent = !listed.some(({name}) => name === 'Ubuntu 24.04');
    const found = findings(subjects).filter(({ignored}) => ignored === undefined);
    const ours = found.filter(({rule}) => rule === 'scs-0104/source').map(({image}) => image);
    expect([images, [...ours].sort()]).toEqual([images, wrong]);
    expect([images, found.some(({rule}) => rule === 'scs-0104/presence')]).toEqual([images, isAbsent]);
    seen.faults += wrong.length;
    seen.absent += Number(isAbsent);
  }
  expect(seen.faults).toBeGreaterThan(300);
  expect(seen.absent).toBeGreaterThan(300);
  expect(seen.absent).toBeLessThan(1199);
});
