import type {FormatInspector, FormatProblem} from './inspection.ts';
import {refuse, sizeProblems, unfinished} from './inspection.ts';
import type {Prefix} from './prefix.ts';

const FOOTER = 512;
const DYNAMIC = 1024;
const SECTOR = 512;
/** Programs whose disks have the size that they state; QEMU takes cylinders × heads × sectors of all others. */
const STATE_THEIR_SIZE = ['win ', 'qem2', 'd2v ', 'tap\0'];
/** The largest geometry, which stands for any size. */
const MAX_GEOMETRY = 65535 * 16 * 255;

/** Microsoft's VHD with a copy of its footer in front, the dynamic kind (3); 4 builds on another file. */
export const vhd: FormatInspector = {
  name: 'vhd',
  reach: 8,
  matches: (head) => head.is(0, 'conectix'),
  inspect(head) {
    if (!head.has(0, FOOTER + DYNAMIC)) return unfinished(head, FOOTER + DYNAMIC);
    const type = head.u32be(60);
    if (type === 4) return refuse('BackingFile', 'is a differencing VHD, which builds on another file');
    if (type !== 3) return refuse('Type', `is VHD of the unknown type ${type}`);
    if (head.u64be(16) !== FOOTER || !head.is(FOOTER, 'cxsparse'))
      return refuse('Region', 'is VHD whose dynamic header is not at its usual place');
    if (namesParent(head, FOOTER)) return refuse('BackingFile', 'is VHD that names a parent, another file');
    return {virtualSize: head.u64be(48), problems: [...sizeProblems('VHD', head.u64be(48)), ...checkGeometry(head, 0)]};
  },
};

/** Bytes of the disk where the file ends in the footer of a fixed VHD, which looks like a raw disk from the front. */
export function fixedVhdSize(tail: Prefix): number | undefined {
  const footer = tail.length - FOOTER;
  return tail.is(footer, 'conectix') ? tail.u64be(footer + 48) : undefined;
}

/** What is wrong with the footer of a fixed VHD; `size`: bytes of the whole file. */
export function checkFixedVhd(tail: Prefix, size: number): readonly FormatProblem[] {
  const footer = tail.length - FOOTER;
  const type = tail.u32be(footer + 60);
  if (type !== 2) return [{id: 'Type', message: `ends as a VHD of the type ${type}, and starts as none`}];
  const virtualSize = tail.u64be(footer + 48);
  if (size % SECTOR !== 0 || virtualSize !== size - FOOTER)
    return [{id: 'Size', message: `is a fixed VHD of ${virtualSize} bytes in a file of ${size}`}];
  return [...sizeProblems('VHD', virtualSize), ...checkGeometry(tail, footer)];
}

/** QEMU would cut the disk where its geometry says less than its size (vpc_open). */
function checkGeometry(bytes: Prefix, footer: number): readonly FormatProblem[] {
  if (STATE_THEIR_SIZE.some((name) => bytes.is(footer + 28, name))) return [];
  const cylinders = bytes.u8(footer + 56) * 256 + bytes.u8(footer + 57);
  const sectors = cylinders * bytes.u8(footer + 58) * bytes.u8(footer + 59);
  const size = bytes.u64be(footer + 48);
  if (sectors === MAX_GEOMETRY || sectors * SECTOR === size) return [];
  const message = `is VHD whose geometry has ${sectors * SECTOR} bytes, while its size is ${size}, so that programs cut it`;
  return [{id: 'Size', message}];
}

/** UUID, name and locators of a parent in the dynamic header. */
function namesParent(head: Prefix, at: number): boolean {
  const isZero = (from: number, to: number): boolean => /^\0*$/.test(head.text(at + from, to - from));
  return !isZero(40, 56) || !isZero(64, 768);
}
