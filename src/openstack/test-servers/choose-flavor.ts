import type {Flavor} from '../../ports/test-server-host.ts';
import type {Image} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import type {NovaFlavor, ServerLimits} from '../nova/schema.ts';

const GIB = 2 ** 30;

/** What the image demands: GiB of disk, never less than its virtual size, and MiB of RAM. */
export interface Demand {
  readonly diskGib: number;
  readonly ramMib: number;
}

/** The image's min_disk and min_ram; its virtual size (for raw: its size) where that is more. */
export function demandOf(image: Image): Demand {
  const bytes = image.virtualSize ?? image.size ?? 0;
  return {diskGib: Math.max(image.minDisk, Math.ceil(bytes / GIB), 1), ramMib: image.minRam};
}

/**
 * The named flavor, else the smallest that fits; one without a disk only where nothing else fits, and only if `volumes` can be made.
 * NOT_FOUND when the named one is not there, UNSUPPORTED when it or all others do not fit.
 */
export function chooseFlavor(input: {
  readonly flavors: readonly NovaFlavor[];
  readonly image: Image;
  readonly volumes: boolean;
  readonly named?: string;
}): Flavor {
  const {flavors, image, volumes, named} = input;
  const demand = demandOf(image);
  if (named !== undefined) return toFlavor(theNamed(flavors, named, demand, volumes));
  const fitting = flavors
    .filter((flavor) => isOrdinary(flavor) && hasArchitecture(flavor, image.properties['architecture']))
    .filter((flavor) => misfit(flavor, demand) === undefined && (flavor.disk > 0 || volumes))
    .sort(bySize);
  const [smallest] = fitting.filter(({disk}) => disk > 0).concat(fitting);
  if (smallest !== undefined) return toFlavor(smallest);
  throw new ImgmgrError('UNSUPPORTED', `no flavor fits the image: it needs ${amounts(demand)}`, {
    lacks: 'flavor',
    hint: `there are ${list(flavors)}; add a flavor, or name one with --flavor`,
  });
}

/** QUOTA when one more server of the flavor is beyond what the project may have. */
export function requireRoom(flavor: Flavor, limits: ServerLimits): void {
  const asked = [
    ['servers', limits.maxTotalInstances, limits.totalInstancesUsed, 1],
    ['vCPUs', limits.maxTotalCores, limits.totalCoresUsed, flavor.vcpus],
    ['MiB of RAM', limits.maxTotalRAMSize, limits.totalRAMUsed, flavor.ramMib],
  ] as const;
  for (const [what, limit, used, more] of asked)
    if (limit >= 0 && used + more > limit)
      throw new ImgmgrError(
        'QUOTA',
        `no room for a test server of flavor ${flavor.name}: ${used} of ${limit} ${what} are used, it needs ${more}`,
        {hint: 'remove servers of the project, raise its quota, or name a smaller flavor with --flavor'},
      );
}

function theNamed(flavors: readonly NovaFlavor[], named: string, demand: Demand, volumes: boolean): NovaFlavor {
  const flavor = flavors.find(({id}) => id === named) ?? flavors.find(({name}) => name === named);
  if (flavor === undefined)
    throw new ImgmgrError('NOT_FOUND', `there is no flavor '${named}'`, {
      lacks: 'flavor',
      hint: `there are ${list(flavors)}`,
    });
  const reason =
    misfit(flavor, demand) ??
    (flavor.disk === 0 && !volumes ? 'it has no disk, and this cloud has no block storage' : undefined);
  if (reason === undefined) return flavor;
  throw new ImgmgrError('UNSUPPORTED', `flavor '${named}' does not fit the image: ${reason}`, {
    lacks: 'flavor',
    hint: 'name another one with --flavor, or none',
  });
}

function misfit({disk, ram}: NovaFlavor, demand: Demand): string | undefined {
  if (disk > 0 && disk < demand.diskGib) return `its disk has ${disk} GiB, the image needs ${demand.diskGib}`;
  if (ram < demand.ramMib) return `it has ${ram} MiB of RAM, the image needs ${demand.ramMib}`;
  return undefined;
}

// Bare metal, GPUs and the like are nobody's smallest flavor.
function isOrdinary({extra_specs: specs}: NovaFlavor): boolean {
  return !Object.entries(specs).some(
    ([key, value]) =>
      key.startsWith('pci_passthrough:') || (/^resources\d*:(CUSTOM_|V?GPU)/.test(key) && value !== '0'),
  );
}

/** https://opendev.org/openstack/os-traits/src/branch/master/os_traits/hw/arch.py */
function hasArchitecture({extra_specs: specs}: NovaFlavor, architecture: string | undefined): boolean {
  if (architecture === undefined) return true;
  const own = `HW_ARCH_${architecture.toUpperCase()}`;
  return Object.entries(specs).every(([key, value]) => {
    const trait = /^trait\d*:(HW_ARCH_\w+)$/.exec(key)?.[1];
    return trait === undefined || (trait === own ? value !== 'forbidden' : value !== 'required');
  });
}

function bySize(a: NovaFlavor, b: NovaFlavor): number {
  return a.disk - b.disk || a.ram - b.ram || a.vcpus - b.vcpus || (a.name < b.name ? -1 : 1);
}

function toFlavor({id, name, vcpus, ram, disk}: NovaFlavor): Flavor {
  return {id, name, vcpus, ramMib: ram, diskGib: disk};
}

function amounts({diskGib, ramMib}: Demand): string {
  return `${diskGib} GiB of disk and ${ramMib} MiB of RAM`;
}

function list(flavors: readonly NovaFlavor[]): string {
  if (flavors.length === 0) return 'none at all';
  const listed = flavors.slice(0, 10).map(({name, disk, ram}) => `${name} (${disk} GiB, ${ram} MiB)`);
  return `${listed.join(', ')}${flavors.length > listed.length ? ` and ${flavors.length - listed.length} more` : ''}`;
}
