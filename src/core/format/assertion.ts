import type {EndInspection, Inspection} from './inspect.ts';
import {isKernel, isOpaque} from './disk-formats.ts';
import type {FormatProblem} from './inspection.ts';

/** What the definition and the operator's limits say about an image. */
export interface Assertion {
  /** Glance's disk_format as the definition has it. */
  readonly format: string;
  readonly maxVirtualBytes: number;
}

/** All reasons to refuse the image: its own, a format other than the asserted one, a disk beyond the limit. */
export function judgeFormat(inspection: Inspection, assertion: Assertion): readonly FormatProblem[] {
  // Kernels and ramdisks may carry a partition table that means nothing; Glance forgives them the same.
  const own = inspection.problems.filter(({id}) => id !== 'Mbr' || !isKernel(assertion.format));
  // Refused by name already, and what it is not needs no second sentence.
  if (own.length > 0) return own;
  const problems: FormatProblem[] = [];
  if (!agrees(inspection, assertion.format))
    problems.push({id: 'Mismatch', message: `is ${inspection.format}, but the definition says ${assertion.format}`});
  if ((inspection.virtualSize ?? 0) > assertion.maxVirtualBytes)
    problems.push({
      id: 'VirtualTooLarge',
      message: `claims a disk of ${inspection.virtualSize ?? 0} bytes, more than the limit of ${assertion.maxVirtualBytes}`,
    });
  return problems;
}

/** What the end of the file adds: a fixed VHD looks raw from the front, and is one only under its own name. */
export function judgeEnd(end: EndInspection, inspection: Inspection, asserted: string): readonly FormatProblem[] {
  const isVhd = asserted === 'vhd';
  const isFixedVhd = end.fixedVhd !== undefined;
  if (inspection.format !== 'raw' || isFixedVhd === isVhd) return end.problems;
  const message = `is ${isFixedVhd ? 'a fixed VHD' : 'raw'}, but the definition says ${asserted}`;
  return [{id: 'Mismatch', message}, ...end.problems];
}

function agrees({format, partitioned, udfAlone}: Inspection, asserted: string): boolean {
  if (format === asserted) return true;
  if (format === 'raw') return asserted === 'gpt' ? partitioned : isOpaque(asserted);
  // A hybrid ISO is also a disk with partitions, and boots as one; Glance takes a disc of UDF alone for a raw disk.
  return format === 'iso' && (partitioned || udfAlone === true) && asserted === 'raw';
}
