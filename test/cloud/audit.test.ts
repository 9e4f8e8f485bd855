import {createHash} from 'node:crypto';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {startUpstream} from '../fakes/upstream.ts';
import type {Upstream} from '../fakes/upstream.ts';
import type {RealImage} from './support/glance.ts';
import {GLANCES, RealGlance} from './support/glance.ts';
import type {Line} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';

const DAY_MS = 86_400_000;
/** Ages of the builds in days, by version: the older ones are beyond their `replace_frequency`. */
const VERSIONS = [
  ['1', 120],
  ['2', 80],
  ['3', 40],
  ['4', 2],
] as const;

interface Standard {
  readonly name: string;
  readonly distro: string;
  readonly version: string;
  readonly login: string;
  readonly source: string;
}

/** With the names and sources that scs-0104 knows, each fetched from a mirror. */
const STANDARD: readonly Standard[] = [
  {
    name: 'Ubuntu 24.04',
    distro: 'ubuntu',
    version: '24.04',
    login: 'ubuntu',
    source: 'https://cloud-images.ubuntu.com/noble/',
  },
  {
    name: 'Debian 13',
    distro: 'debian',
    version: '13',
    login: 'debian',
    source: 'https://cloud.debian.org/images/cloud/trixie/',
  },
];

let upstream: Upstream;
beforeAll(async () => {
  // The one-node cloud's web-download lets this address and port through.
  upstream = await startUpstream({host: '198.18.7.1', port: 8080});
});
afterAll(async () => upstream.close());

// The titles are requirements of the standards' texts, as read for these tests; nothing of imgmgr's rules is used.
describe.each(GLANCES)(
  'after three rotations by manage on the real $region Glance',
  {concurrent: true},
  ({cloud, url}) => {
    let glance: RealGlance;
    let dir: string;
    let images: readonly RealImage[];
    let shown: readonly RealImage[];
    let current: readonly RealImage[];

    const clear = async (): Promise<void> => {
      for (const {name} of STANDARD) await glance.clear(name);
    };
    beforeAll(async () => {
      glance = await RealGlance.login(url, 'admin');
      dir = await mkdtemp(join(tmpdir(), 'imgmgr-audit-'));
      await clear();
      for (const [index] of VERSIONS.entries()) {
        const file = await define(dir, index + 1);
        const ran = await imgmgr(['manage', '--cloud', cloud, '--images', file]);
        expect(ran, ran.stderr).toMatchObject({code: 0});
      }
      images = (await Promise.all(STANDARD.map(async ({name}) => glance.named(name)))).flat();
      shown = images.filter(({os_hidden, visibility}) => !os_hidden && visibility === 'public');
      current = images.filter(({name}) => STANDARD.some((standard) => standard.name === name));
    });
    afterAll(async () => {
      await clear();
      await rm(dir, {recursive: true, force: true});
    });

    it('status has no finding, neither of the deciding rules nor of the drafts', async () => {
      const ran = await imgmgr([
        'status',
        '--cloud',
        cloud,
        '--images',
        join(dir, 'images.yml'),
        '--fail-on',
        'warning',
      ]);
      expect(findingsIn(ran.lines)).toEqual([]);
      expect(ran).toMatchObject({code: 0, writes: []});
    });

    it('SCS-0102, Image handling: every image of a promise is there, the newest under the plain name, all of them shown', () => {
      const names = STANDARD.flatMap(({name}) => [name, ...['1', '2', '3'].map((version) => `${name} (${version})`)]);
      expect(images.map(({name}) => name).sort()).toEqual(names.sort());
      expect(shown).toHaveLength(names.length);
      expect(current.map((image) => image['image_build_date'])).toEqual(STANDARD.map(() => day(2)));
    });

    it('SCS-0102, Image handling: what is replaced has another id and another name, so that a name leads to one image', () => {
      expect(new Set(images.map(({id}) => id)).size).toBe(images.length);
      expect(new Set(images.map(({name}) => name)).size).toBe(images.length);
    });

    it('SCS-0102 v2, os_purpose: one public generic image for each os_distro, os_version and architecture, the old ones oldgeneric', () => {
      for (const image of images) {
        const isCurrent = current.includes(image);
        expect([image.name, image['os_purpose']]).toEqual([image.name, isCurrent ? 'generic' : 'oldgeneric']);
      }
      const generic = shown.filter((image) => image['os_purpose'] === 'generic');
      const keys = generic.map((image) => [image['os_distro'], image['os_version'], image['architecture']].join());
      expect(new Set(keys).size).toBe(keys.length);
    });

    const each = (check: (image: RealImage) => unknown, expected: (image: RealImage) => unknown): void => {
      expect(shown.length).toBeGreaterThan(0);
      expect(shown.map((image) => [image.name, check(image)])).toEqual(
        shown.map((image) => [image.name, expected(image)]),
      );
    };

    it('SCS-0102, Technical requirements: architecture is of the list', () => {
      each(
        (image) => ['x86_64', 'aarch64', 'risc-v'].includes(String(image['architecture'])),
        () => true,
      );
    });

    it('SCS-0102, Technical requirements: min_disk holds the stored file and the disk inside, min_ram is given', () => {
      each(
        (image) => Number(image['size']) <= image.min_disk * 2 ** 30,
        () => true,
      );
      each(
        (image) => Number(image['virtual_size'] ?? 0) <= image.min_disk * 2 ** 30,
        () => true,
      );
      each(
        (image) => Number(image['min_ram']) >= 64,
        () => true,
      );
    });

    it('SCS-0102, Technical requirements: os_distro and os_version in the words of OpenStack', () => {
      each(
        (image) => [image['os_distro'], image['os_version']],
        ({name}) => {
          const standard = STANDARD.find((one) => name.startsWith(one.name));
          return [standard?.distro, standard?.version];
        },
      );
    });

    it('SCS-0102, Technical requirements: hw_disk_bus is virtio or scsi, then with hw_scsi_model', () => {
      each(
        (image) => [image['hw_disk_bus'], image['hw_scsi_model']],
        () => ['scsi', 'virtio-scsi'],
      );
    });

    it('SCS-0102, Technical requirements: hypervisor_type and hw_rng_model, where they are given, are of the lists', () => {
      each(
        (image) => [image['hypervisor_type'], image['hw_rng_model']],
        () => ['qemu', 'virtio'],
      );
    });

    it('SCS-0102, Image updating: replace_frequency is of the list, and the image under the plain name is within it', () => {
      each(
        (image) => image['replace_frequency'],
        () => 'monthly',
      );
      for (const image of current) expect(ageDays(image)).toBeLessThan(31);
    });

    it('SCS-0102, Image updating: provided_until and uuid_validity promise something that can be kept', () => {
      each(
        (image) => [image['provided_until'], image['uuid_validity']],
        () => ['notice', 'last-5'],
      );
    });

    it('SCS-0102, Image Origin: image_source is the address at the distributor, image_description is given', () => {
      each(
        (image) => String(image['image_source']),
        ({name}) => {
          const standard = STANDARD.find((one) => name.startsWith(one.name));
          return expect.stringMatching(`^${standard?.source ?? ''}`) as unknown;
        },
      );
      each(
        (image) => String(image['image_description']),
        () => expect.stringMatching(/^https:/) as unknown,
      );
    });

    it('SCS-0102, Image Origin: tags name who manages the image, and the operating system of the current one', () => {
      each(
        (image) => image.tags.some((tag) => tag.startsWith('managed_by_')),
        () => true,
      );
      for (const image of current) expect(image.tags).toContain(`os:${String(image['os_distro'])}`);
    });

    it('SCS-0102, Image build info: image_build_date is a day in UTC, not after the registration', () => {
      each(
        (image) => String(image['image_build_date']),
        () => expect.stringMatching(/^\d{4}-\d{2}-\d{2}$/) as unknown,
      );
      each(
        (image) => Date.parse(String(image['image_build_date'])) <= Date.parse(String(image['created_at'])),
        () => true,
      );
    });

    it('SCS-0102, Image build info: image_original_user is given', () => {
      each(
        (image) => image['image_original_user'],
        (image) => image['os_distro'],
      );
    });

    it('SCS-0102, Technical requirements: os_hash_algo is sha256 or sha512, and the status is active', () => {
      each(
        (image) => [['sha256', 'sha512'].includes(String(image['os_hash_algo'])), image.status],
        () => [true, 'active'],
      );
    });

    it('SCS-0104 v1: the mandatory image is there under its name, and each standard image is from its source', () => {
      for (const {name, source} of STANDARD) {
        const found = shown.filter((image) => image.name === name);
        expect(found.map((image) => String(image['image_source']).startsWith(source))).toEqual([true]);
      }
    });
  },
);

function day(daysAgo: number): string {
  return new Date(Date.now() - daysAgo * DAY_MS).toISOString().slice(0, 10);
}

function ageDays(image: RealImage): number {
  return (Date.now() - Date.parse(String(image['image_build_date']))) / DAY_MS;
}

/** The definitions with their first versions, each of bytes of its own. */
async function define(dir: string, count: number): Promise<string> {
  const text = STANDARD.map(({name, distro, version, login, source}) => {
    const versions = VERSIONS.slice(0, count).map(([label, age]) => {
      const path = `/audit-${distro}-${label}.img`;
      const bytes = Buffer.alloc(1_000_000, `${name} ${label} `);
      upstream.put(path, bytes);
      const digest = createHash('sha512').update(bytes).digest('hex');
      return `      - {version: '${label}', url: '${source}${label}/disk.img', mirror_url: '${upstream.url}${path}', checksum: 'sha512:${digest}', build_date: ${day(age)}}`;
    });
    return `  - name: ${name}
    format: raw
    login: ${login}
    min_disk: 1
    min_ram: 512
    status: active
    visibility: public
    multi: true
    tags: []
    image_description: https://example.org/${distro}
    meta:
      architecture: x86_64
      hypervisor_type: qemu
      hw_disk_bus: scsi
      hw_scsi_model: virtio-scsi
      hw_rng_model: virtio
      os_distro: ${distro}
      os_version: '${version}'
      os_purpose: generic
      replace_frequency: monthly
      provided_until: notice
      uuid_validity: last-5
      hotfix_hours: '0'
    versions:
${versions.join('\n')}
`;
  });
  const path = join(dir, 'images.yml');
  await writeFile(path, `images:\n${text.join('')}`);
  return path;
}

/** Every finding that an answer of `status` has. */
function findingsIn(lines: readonly Line[]): readonly unknown[] {
  return lines.flatMap((line) => (line as {readonly findings?: readonly unknown[]}).findings ?? []);
}
