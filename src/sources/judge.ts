import {judgeEnd, judgeFormat} from '../core/format/assertion.ts';
import {isConvertible} from '../core/conversion.ts';
import type {EndInspection, FileEnd, Inspection} from '../core/format/inspect.ts';
import {inspectEnd, inspectStart, RECOGNITION_REACH} from '../core/format/inspect.ts';
import {raiseHint} from '../core/limits.ts';
import type {FormatProblem, ProblemId} from '../core/format/inspection.ts';
import {ImgmgrError} from '../errors.ts';
import type {Peeker} from './chunks.ts';

/** What is asserted about an image, and how messages name it. */
export interface Judgement {
  readonly show: string;
  /** Glance's disk_format as the definition has it. */
  readonly format: string;
  readonly maxVirtualBytes: number;
  /** The server's Content-Type, which convicts a page but never acquits anything. */
  readonly contentType?: string;
}

/** An image whose start was judged. */
export interface Judged {
  readonly inspection: Inspection;
  readonly head: Uint8Array;
}

/** Reads as much of the start as the format needs, and refuses (FORMAT_REFUSED, SOURCE_REFUSED for a page) what is unfit. */
export async function judgeStart(peeker: Peeker, judgement: Judgement): Promise<Judged> {
  let wanted = RECOGNITION_REACH;
  for (;;) {
    const {head, complete} = await peeker.peek(wanted);
    const inspection = inspectStart(head, complete);
    // What is wrong already does not get better with more bytes.
    if (inspection.needed === undefined || complete || inspection.problems.length > 0) {
      refuseUnfit(inspection, judgement);
      return {inspection, head};
    }
    wanted = inspection.needed;
  }
}

/** Refuses what the start shows to be unfit; bytes not seen yet are taken to be well. */
export function refuseUnfit(inspection: Inspection, judgement: Judgement): void {
  const unknown = inspection.format === 'raw' && !inspection.partitioned;
  if (unknown && inspection.problems.length === 0 && judgement.contentType?.startsWith('text/html') === true)
    refuseFor([{id: 'WebPage', message: 'is a web page'}], judgement, inspection.format);
  refuseFor(judgeFormat(inspection, judgement), judgement, inspection.format);
}

/** Refuses what the last bytes show to be wrong; gives what else they show. */
export function refuseUnfitEnd(judged: Judged, fileEnd: FileEnd, judgement: Judgement): EndInspection {
  const end = inspectEnd(judged.head, fileEnd, judged.inspection);
  const found = end.fixedVhd === undefined ? judged.inspection.format : 'vhd';
  refuseFor(judgeEnd(end, judged.inspection, judgement.format), judgement, found);
  return end;
}

function refuseFor(problems: readonly FormatProblem[], {show, format}: Judgement, found: string): void {
  const [first] = problems;
  if (first === undefined) return;
  if (first.id === 'WebPage')
    throw new ImgmgrError('SOURCE_REFUSED', `${show} sent a web page instead of an image`, {
      hint: 'open the address in a browser: a login page, a moved file or a mirror that is down are the usual reasons',
    });
  throw new ImgmgrError('FORMAT_REFUSED', `${show} ${problems.map(({message}) => message).join(', and ')}`, {
    hint: first.id === 'Mismatch' ? mismatchHint(found, format) : hintFor(first.id),
  });
}

/** A disk in another format than the one that the cloud shall have needs no other source. */
function mismatchHint(found: string, asserted: string): string {
  const wanted = asserted === 'raw' || asserted === 'qcow2';
  if (!wanted || !isConvertible(found) || found === 'raw') return 'correct format in the definition, or the url';
  return `write format: ${found}; with --convert ${asserted} the cloud gets ${asserted} all the same`;
}

function hintFor(id: ProblemId): string {
  const hints: Partial<Record<ProblemId, string>> = {
    TooSmall: 'see what the address really serves',
    VirtualTooLarge: `shrink the disk; ${raiseHint('virtual')}`,
    Packed: 'only gz, xz, zst, bz2, tar and zip are taken off on the way',
    BackingFile: 'flatten it: qemu-img convert -O qcow2 IN OUT',
    DataFile: 'flatten it: qemu-img convert -O qcow2 IN OUT',
    Encrypted: 'decrypt it: clouds boot only what they can read',
    UnknownFeatures: 'write it anew: qemu-img convert -O qcow2 IN OUT',
    NotADisk: 'publish it as qcow2 or raw',
  };
  return hints[id] ?? 'write it anew with qemu-img convert, and do not trust where it came from before you know why';
}
