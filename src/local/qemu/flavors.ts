import type {Flavor} from '../../ports/test-server-host.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';

/** The flavors of the local cloud, smallest first; disks are sparse files, so only what a guest writes is taken. */
export const FLAVORS: readonly Flavor[] = [
  flavor(1, {vcpus: 1, ramMib: 512, diskGib: 4}),
  flavor(2, {vcpus: 1, ramMib: 1024, diskGib: 10}),
  flavor(3, {vcpus: 1, ramMib: 2048, diskGib: 20}),
  flavor(4, {vcpus: 2, ramMib: 2048, diskGib: 40}),
  flavor(5, {vcpus: 2, ramMib: 4096, diskGib: 80}),
  flavor(6, {vcpus: 4, ramMib: 8192, diskGib: 160}),
  flavor(7, {vcpus: 4, ramMib: 16384, diskGib: 320}),
];

const GIB = 1024 ** 3;

/**
 * The named flavor, else the smallest that fits the image: min_ram, min_disk, and a disk at least 1 GiB larger than the image's,
 * so that a root file system that does not grow shows. NOT_FOUND for an unknown name, UNSUPPORTED when none fits.
 */
export function chooseFlavor(image: Image, named: string | undefined): Flavor {
  const virtualBytes = virtualSize(image);
  const lack = ({ramMib, diskGib}: Flavor): string | undefined => {
    if (ramMib < image.minRam) return `has ${ramMib} MiB of memory, min_ram is ${image.minRam} MiB`;
    if (diskGib < image.minDisk) return `has a disk of ${diskGib} GiB, min_disk is ${image.minDisk} GiB`;
    if (diskGib * GIB < virtualBytes + GIB)
      return `has a disk of ${diskGib} GiB, the image takes ${(virtualBytes / GIB).toFixed(1)} GiB and needs 1 GiB to grow`;
    return undefined;
  };
  const names = FLAVORS.map(({name}) => name).join(', ');
  if (named === undefined) {
    const fits = FLAVORS.find((each) => lack(each) === undefined);
    if (fits) return fits;
    const largest = FLAVORS.at(-1);
    throw new ImgmgrError('UNSUPPORTED', `no local flavor fits: ${largest?.name} ${largest && lack(largest)}`, {
      place: `image ${image.id}`,
      lacks: 'flavor',
      hint: 'verify this image in another cloud (--verify-cloud)',
    });
  }
  const found = FLAVORS.find(({id, name}) => named === id || named === name);
  if (!found)
    throw new ImgmgrError('NOT_FOUND', `the local cloud has no flavor '${named}'`, {
      lacks: 'flavor',
      hint: `it has ${names}`,
    });
  const reason = lack(found);
  if (reason !== undefined)
    throw new ImgmgrError('UNSUPPORTED', `the flavor ${found.name} ${reason}`, {
      place: `image ${image.id}`,
      lacks: 'flavor',
      hint: `name a larger one (${names}), or none`,
    });
  return found;
}

/** Bytes of the disk inside the image; an ISO is no disk, so it takes none. PROTOCOL when nobody knows. */
function virtualSize({id, diskFormat, virtualSize: virtual, size}: Image): number {
  if (diskFormat === 'iso') return 0;
  const bytes = virtual ?? (diskFormat === 'raw' ? size : null);
  if (bytes !== null) return bytes;
  throw new ImgmgrError('PROTOCOL', `the virtual size of image ${id} (${diskFormat ?? 'no format'}) is not known`, {
    hint: 'import the image again',
  });
}

function flavor(number: number, size: Pick<Flavor, 'vcpus' | 'ramMib' | 'diskGib'>): Flavor {
  return {id: `local.${number}`, name: `local.${number}`, ...size};
}
