import type {FormatInspector} from './inspection.ts';
import {refuse, sizeProblems, unfinished} from './inspection.ts';

const HEADER = 0x1c8;
const VERSION = 0x00010001;
/** UUIDs of the disk and the state that it builds on. */
const LINK = 0x1a8;

/** VirtualBox's VDI: dynamic (1) and fixed (2) images; 3 and 4 build on another file, and so do those with the UUID of a parent. */
export const vdi: FormatInspector = {
  name: 'vdi',
  reach: 0x44,
  matches: (head) => head.is(0x40, [0x7f, 0x10, 0xda, 0xbe]),
  inspect(head) {
    if (!head.has(0, HEADER)) return unfinished(head, HEADER);
    const version = head.u32le(0x44);
    if (version !== VERSION)
      return refuse('Version', `is VDI of the unknown version 0x${version.toString(16).padStart(8, '0')}`);
    const type = head.u32le(0x4c);
    if (type !== 1 && type !== 2)
      return refuse('BackingFile', `is VDI of the type ${type}, which builds on another file`);
    if (head.text(LINK, 32) !== '\0'.repeat(32))
      return refuse('BackingFile', 'is VDI with the UUID of a parent, which builds on another file');
    const virtualSize = head.u64le(0x170);
    return {virtualSize, problems: sizeProblems('VDI', virtualSize)};
  },
};
