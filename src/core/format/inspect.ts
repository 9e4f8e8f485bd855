import type {FormatInspector, FormatProblem} from './inspection.ts';
import type {BareFilesystem} from './filesystem.ts';
import {filesystemOf} from './filesystem.ts';
import {iso, isUdfAlone} from './iso.ts';
import {partitionTable} from './partition-table.ts';
import type {Prefix} from './prefix.ts';
import {prefixOf} from './prefix.ts';
import {qcow2} from './qcow2.ts';
import {refusedFormats} from './refused.ts';
import {vdi} from './vdi.ts';
import {checkFixedVhd, fixedVhdSize, vhd} from './vhd.ts';
import {vhdx} from './vhdx.ts';
import {checkVmdkFooter, vmdk} from './vmdk.ts';

const INSPECTORS: readonly FormatInspector[] = [qcow2, vmdk, vdi, vhd, vhdx, iso, partitionTable, ...refusedFormats];

/** Every format is recognised from this many bytes; what an inspector wants beyond, it asks for. */
export const RECOGNITION_REACH = Math.max(...INSPECTORS.map(({reach}) => reach));

/** Nothing shorter is a disk. */
const SECTOR = 512;

/** What the first bytes of an image show. */
export interface Inspection {
  /** Glance's disk_format where it has one; `raw` when nothing else matched, with or without a partition table. */
  readonly format: string;
  /** Bytes of the disk inside; absent where only the size of the file shows it (raw), or more must be seen. */
  readonly virtualSize?: number;
  /** A raw disk or an ISO that starts with an MBR or GPT. */
  readonly partitioned: boolean;
  /** A raw disk without a partition table that begins as a file system does: no firmware can start it. */
  readonly filesystem?: BareFilesystem;
  /** A disc of UDF alone, which clouds take for a raw disk. */
  readonly udfAlone?: true;
  /** Reasons to refuse it, whatever was asserted. */
  readonly problems: readonly FormatProblem[];
  /** More could be said with this many bytes from the start. */
  readonly needed?: number;
  /** The end of the file must be inspected too ({@link inspectEnd}). */
  readonly footer: boolean;
}

/** Recognises and judges an image by its first bytes; `complete` says that nothing follows. Never throws. */
export function inspectStart(bytes: Uint8Array, complete: boolean): Inspection {
  const head = prefixOf(bytes, complete);
  const matched = INSPECTORS.filter((inspector) => inspector.matches(head));
  const partitioned = matched.includes(partitionTable);
  // A bootable ISO may carry a partition table for USB sticks; that pair alone is honest.
  const chosen = partitioned && matched.length === 2 && matched.includes(iso) ? [iso] : matched;
  const [only, second] = chosen;
  if (only === undefined) return unknown(head, partitioned);
  if (second !== undefined) return ambiguous(chosen, partitioned);
  const {virtualSize, problems, needed, footer} = only.inspect(head);
  return {
    format: only === partitionTable ? 'raw' : only.name,
    partitioned,
    problems,
    footer: footer ?? false,
    ...(only === iso && isUdfAlone(head) && {udfAlone: true}),
    ...(virtualSize === undefined ? {} : {virtualSize}),
    ...(needed === undefined ? more(head) : {needed}),
  };
}

function unknown(head: Prefix, partitioned: boolean): Inspection {
  const filesystem = filesystemOf(head);
  return {
    format: 'raw',
    partitioned,
    problems: sizeProblems(head),
    footer: false,
    ...(filesystem !== undefined && {filesystem}),
    ...more(head),
  };
}

/** Bytes from the end that {@link inspectEnd} must see (fewer only when the file is shorter). */
export const END_REACH = 1536;

/** What only the end of a file shows. */
export interface EndInspection {
  readonly problems: readonly FormatProblem[];
  /** Bytes of the disk, where the file ends as a fixed VHD does. */
  readonly fixedVhd?: number;
}

/** The last {@link END_REACH} bytes of a file, and how many it has in all. */
export interface FileEnd {
  readonly tail: Uint8Array;
  readonly size: number;
}

/** Judges the end of a file: a disagreeing VMDK footer, a fixed VHD. Never throws. */
export function inspectEnd(start: Uint8Array, {tail: bytes, size}: FileEnd, inspection: Inspection): EndInspection {
  const tail = prefixOf(bytes, true);
  if (inspection.footer) return {problems: checkVmdkFooter(prefixOf(start, false), tail, size)};
  const fixedVhd = inspection.format === 'raw' ? fixedVhdSize(tail) : undefined;
  return fixedVhd === undefined ? {problems: []} : {problems: checkFixedVhd(tail, size), fixedVhd};
}

/** Until the whole reach was seen, another magic may still follow. */
function more(head: Prefix): {needed?: number} {
  return head.complete || head.length >= RECOGNITION_REACH ? {} : {needed: RECOGNITION_REACH};
}

function sizeProblems(head: Prefix): readonly FormatProblem[] {
  if (!head.complete || head.length >= SECTOR) return [];
  return [{id: 'TooSmall', message: head.length === 0 ? 'is empty' : `is no disk: it has only ${head.length} bytes`}];
}

function ambiguous(matched: readonly FormatInspector[], partitioned: boolean): Inspection {
  const names = matched.map(({name}) => name).join(' and ');
  const message = `looks like ${names} at the same time, so that programs disagree about what it is`;
  return {format: matched[0]?.name ?? 'raw', partitioned, problems: [{id: 'MultipleFormats', message}], footer: false};
}
