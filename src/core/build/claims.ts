import type {Machine} from './spec.ts';

/** What stands in a section `build` that decides what the image is. */
interface Built {
  readonly elements: readonly string[];
  readonly environment?: Readonly<Record<string, string | number>> | null | undefined;
}

/** One contradiction between a build and the properties that its definition claims. */
export interface Contradiction {
  /** The property in `meta`. */
  readonly key: string;
  readonly message: string;
  readonly hint: string;
}

/** The machines that can be built for, by the property `architecture`. */
const MACHINES: Readonly<Record<string, Machine>> = {x86_64: 'x86_64', aarch64: 'aarch64'};

/** The machine that a definition is built for; undefined where its `architecture` is none that can be built. */
export function machineOf(meta: Readonly<Record<string, string | null>>): Machine | undefined {
  return MACHINES[meta['architecture'] ?? 'x86_64'];
}

/** Properties that follow from the build; what the definition itself says of them must agree ({@link contradictions}). */
export function builtMeta(build: Built): Record<string, string> {
  return {
    ...(firmwareOf(build) === 'bios' && {hw_firmware_type: 'bios'}),
    ...(hasGuestAgent(build) && {hw_qemu_guest_agent: 'yes'}),
  };
}

/**
 * Where the definition claims what its build does not make. A disk with an MBR starts by BIOS alone; one with an EFI system
 * partition, as diskimage-builder makes it, by both.
 * https://docs.openstack.org/diskimage-builder/latest/elements/block-device-efi/README.html
 */
export function contradictions(build: Built, meta: Readonly<Record<string, string | null>>): Contradiction[] {
  const found: Contradiction[] = [];
  const architecture = meta['architecture'];
  if (machineOf(meta) === undefined)
    found.push({
      key: 'architecture',
      message: `architecture "${architecture ?? ''}" cannot be built`,
      hint: 'write x86_64 or aarch64',
    });
  const firmware = firmwareOf(build);
  const claimed = meta['hw_firmware_type'];
  if (typeof claimed === 'string' && firmware === 'bios' && claimed !== 'bios')
    found.push({
      key: 'hw_firmware_type',
      message: `hw_firmware_type "${claimed}" is claimed, but the elements make a disk that only BIOS starts`,
      hint: 'use the element block-device-efi, or remove hw_firmware_type',
    });
  const agent = meta['hw_qemu_guest_agent'];
  if (typeof agent === 'string' && (agent === 'yes' || agent === 'true') !== hasGuestAgent(build))
    found.push({
      key: 'hw_qemu_guest_agent',
      message: `hw_qemu_guest_agent is "${agent}", but the build ${hasGuestAgent(build) ? 'installs' : 'does not install'} the guest agent`,
      hint: 'set DIB_IMGMGR_GUEST_AGENT in build.environment to 1 or 0, and leave the property out: it follows from it',
    });
  return found;
}

/** `bios` where the disk starts in no other way; undefined: both, or not known. */
function firmwareOf({elements}: Built): 'bios' | undefined {
  if (elements.some((name) => name.startsWith('block-device-efi') || name === 'block-device-gpt')) return undefined;
  return elements.includes('block-device-mbr') ? 'bios' : undefined;
}

function hasGuestAgent({elements, environment}: Built): boolean {
  return elements.includes('qemu-guest-agent') || String(environment?.['DIB_IMGMGR_GUEST_AGENT'] ?? '') === '1';
}
