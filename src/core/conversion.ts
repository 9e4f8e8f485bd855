import {isDisk, isDoubtful} from './format/disk-formats.ts';
import type {WrittenFormat} from './format/disk-formats.ts';

/** What images become on their way (`--convert`, `--compress`). */
export interface Conversion {
  readonly to: WrittenFormat;
  /** Only with qcow2. */
  readonly compress: boolean;
}

/** True for disks that no cloud gets before qemu-img, too, has judged them on this host; the others are judged while they stream. */
export function needsBothGuards(format: string): boolean {
  return isDoubtful(format);
}

/** True for disks; a CD-ROM, a kernel or a ramdisk is what it is. */
export function isConvertible(format: string): boolean {
  return isDisk(format);
}

/**
 * The conversion that bytes of this disk_format need; undefined where they go as they are. Compressing is always done: that a qcow2 is
 * compressed already shows only in its clusters.
 */
export function neededConversion(format: string, wanted: Conversion | undefined): Conversion | undefined {
  if (!wanted || !isConvertible(format)) return undefined;
  return format === wanted.to && !wanted.compress ? undefined : wanted;
}

/** `converted from qcow2 to raw`, `converted from raw to compressed qcow2`. */
export function describeConversion(from: string, {to, compress}: Conversion): string {
  return `converted from ${from} to ${compress ? 'compressed ' : ''}${to}`;
}

/** `judged by qemu-img as vmdk`. */
export function describeJudging(format: string): string {
  return `judged by qemu-img as ${format}`;
}
