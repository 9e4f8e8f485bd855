import {randomUUID} from 'node:crypto';
import {readFile, readdir, stat} from 'node:fs/promises';
import {requireDefinitions} from '../../src/config/definitions.ts';
import {candidate, currentForm, publishPatch, supersededForm} from '../../src/core/image/form.ts';
import {applyPatch} from '../../src/core/image/patch.ts';
import type {Definition, Version} from '../../src/core/definition/definition.ts';
import type {Image} from '../../src/core/image/image.ts';
import {releaseOf} from '../../src/core/release/release.ts';
import {inParallel} from './place.ts';
import type {RawApi} from './raw-api.ts';

/** Puts `each` live images per definition into a Glance, the newest current and the others retired, as imgmgr leaves them. */
export async function seedLive(api: RawApi, folder: string, each: number): Promise<void> {
  const {definitions} = await requireDefinitions(folder, {readFile, readdir, stat});
  const wanted = definitions.flatMap((definition) =>
    Array.from({length: each}, (_, age) => liveImage(definition, age)),
  );
  await inParallel(6, wanted, async (image) => {
    const {id} = await api.glance<{id: string}>('POST', '/images', {
      ...image.properties,
      id: image.id,
      name: image.name,
      visibility: image.visibility,
      os_hidden: image.osHidden,
      tags: image.tags,
      disk_format: image.diskFormat,
      container_format: 'bare',
      min_disk: image.minDisk,
      min_ram: image.minRam,
    });
    await api.put(id, BYTE);
  });
}

const BYTE = Buffer.from('x');

/** `age` 0 is the listed version. */
function liveImage(definition: Definition, age: number): Image {
  const [listed] = definition.versions;
  if (!listed) throw new Error(`${definition.name} lists no version`);
  const version: Version = age === 0 ? listed : {...listed, version: String(Number(listed.version) - age)};
  const release = releaseOf(version);
  const context = {definition, release, oldPurpose: 'oldgeneric', adHoc: false};
  const spec = candidate(context, 'run-of-the-bench', undefined);
  const live: Image = {
    // Known beforehand: what is written on an image names it.
    id: randomUUID(),
    name: spec.name,
    status: 'active',
    visibility: 'private',
    osHidden: spec.osHidden,
    protected: false,
    owner: null,
    tags: spec.tags,
    minDisk: spec.minDisk ?? 0,
    minRam: spec.minRam ?? 0,
    diskFormat: spec.diskFormat ?? null,
    containerFormat: 'bare',
    size: 1,
    virtualSize: null,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: '',
    updatedAt: '',
    stores: [],
    properties: spec.properties,
  };
  const form = age === 0 ? currentForm(context) : supersededForm(context);
  const {digest} = release;
  const patch = publishPatch({
    live,
    form,
    state: age === 0 ? 'current' : 'retired',
    run: 'run-of-the-bench',
    ...(digest && {digest}),
  });
  return applyPatch(live, patch);
}
