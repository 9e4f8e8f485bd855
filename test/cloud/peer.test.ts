import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {NEWEST, RealGlance} from './support/glance.ts';
import type {RealImage} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';
import type {Ran} from './support/imgmgr.ts';
import {installPeer, peer} from './support/peer.ts';

let dir: string;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-peer-'));
  await installPeer();
});
afterAll(async () => rm(dir, {recursive: true, force: true}));

/** Both programs read the same folder. */
async function define(name: string, version: string): Promise<string> {
  const folder = join(dir, version);
  await mkdir(folder, {recursive: true});
  const bytes = join(dir, `${version}.img`);
  await writeFile(bytes, Buffer.alloc(100_000, `${name} ${version} `));
  await writeFile(
    join(folder, 'images.yml'),
    `images:
  - name: ${name}
    enable: true
    format: raw
    login: debian
    min_disk: 1
    min_ram: 64
    status: active
    visibility: public
    multi: true
    tags: [peer-tag]
    meta:
      architecture: x86_64
      hw_disk_bus: scsi
      hw_rng_model: virtio
      hw_scsi_model: virtio-scsi
      hypervisor_type: qemu
      os_distro: debian
      os_version: '12'
      os_purpose: generic
      provided_until: none
      replace_frequency: monthly
      uuid_validity: last-3
    versions:
      - {version: '${version}', url: 'file://${bytes}', build_date: 2026-01-02}
`,
  );
  return `${folder}/`;
}

/** What is said about the image; without what Glance, the SDK and imgmgr keep there for themselves. */
function described(image: RealImage): Readonly<Record<string, unknown>> {
  const own =
    /^(?:id|self|file|schema|owner|size|virtual_size|checksum|stores|created_at|updated_at|os_hash_.*|imgmgr_.*|owner_specified\..*)$/;
  const sorted = {...image, tags: [...image.tags].sort()};
  return Object.fromEntries(Object.entries(sorted).filter(([key]) => !own.test(key)));
}

describe.each(NEWEST)(
  'openstack-image-manager and imgmgr on the real $region Glance, one after the other',
  ({cloud, url}) => {
    const name = `peer-${cloud} X`;
    let admin: RealGlance;
    let theirs: RealImage;

    beforeAll(async () => {
      admin = await RealGlance.login(url, 'admin');
      await admin.clear(name);
      await peer('--cloud', cloud, '--images', await define(name, '1'));
      theirs = await current();
    });
    afterAll(async () => admin.clear(name));

    async function current(): Promise<RealImage> {
      const found = (await admin.named(name)).find((image) => image.name === name);
      if (!found) throw new Error(`no image is named ${name}`);
      return found;
    }

    const run = async (command: string, version: string, ...flags: string[]): Promise<Ran> =>
      imgmgr([command, '--cloud', cloud, '--images', await define(name, version), ...flags]);

    const peerWould = async (version: string, ...flags: string[]): Promise<string> =>
      peer('--cloud', cloud, '--images', await define(name, version), '--dry-run', '--hide', ...flags);

    /** The rules that the image under the name breaks. */
    async function broken(version: string): Promise<readonly string[]> {
      const {id} = await current();
      const {lines} = await run('status', version);
      const found = lines.flatMap((line) => line.findings ?? []).filter(({image}) => image === id);
      return [...new Set(found.map(({rule}) => rule))].sort();
    }

    it('what the peer made is adopted by one PATCH of stamp, tag and the source, which is private for a file; nothing else changes', async () => {
      const planned = await run('dry-run', '1', '--adopt');
      const actions = planned.lines.flatMap((line) => line.actions ?? []);
      expect(actions.map(({kind, version}) => [kind, version])).toEqual([['adopt', '1']]);
      const adopted = await run('manage', '1', '--adopt');
      expect([adopted.code, adopted.done]).toEqual([0, ['adopt 1']]);
      expect(adopted.writes.filter((line) => line.includes(theirs.id))).toEqual([`PATCH /v2/images/${theirs.id}`]);
      const now = await current();
      expect(now.id).toBe(theirs.id);
      expect(described(now)).toEqual({
        ...described(theirs),
        image_source: 'private',
        tags: [...theirs.tags, 'managed_by_imgmgr'].sort(),
      });
    });

    it('is planned like the rest from then on: a second run writes nothing, and the peer would do nothing either', async () => {
      const again = await run('manage', '1');
      expect([again.code, again.done, again.writes]).toEqual([0, [], []]);
      expect(await peerWould('1', '--latest')).not.toContain('required import');
    });

    it('is superseded by an image that is described as the peer describes it, property by property, and audited alike', async () => {
      const before = await broken('1');
      const rotated = await run('manage', '2', '--tag', 'managed_by_osism');
      expect([rotated.code, rotated.done]).toEqual([0, ['acquire 2', 'publish 2', 'retire 1']]);
      const ours = described(await current());
      expect(ours).toEqual({
        ...described(theirs),
        tags: [...theirs.tags, 'managed_by_imgmgr'].sort(),
        internal_version: '2',
        image_source: 'private',
      });
      expect(before.length).toBeGreaterThan(0);
      expect(await broken('2')).toEqual(before);
    });

    it.each([['--latest'], ['--tag', 'managed_by_imgmgr']])(
      'the peer finds the new one and keeps the old one (%j)',
      async (...flags) => {
        const said = await peerWould('2', ...flags);
        expect(said).toContain(`Processing image '${name} (2)'`);
        expect(said).not.toContain('required import');
        expect(said).toContain(`Image '${name} (1)' will not be deleted`);
      },
    );

    it('and it would import what is not there', async () => {
      expect(await peerWould('3', '--latest')).toContain(`required import of image '${name} (3)'`);
    });
  },
);
