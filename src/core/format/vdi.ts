import type {FormatInspector} from './inspection.ts';
import {refuse, unfinished} from './inspection.ts';

const HEADER = 0x178;

/** VirtualBox's VDI: dynamic (1) and fixed (2) images; 3 and 4 build on another file. */
export const vdi: FormatInspector = {
  name: 'vdi',
  reach: 0x44,
  matches: (head) => head.is(0x40, [0x7f, 0x10, 0xda, 0xbe]),
  inspect(head) {
    if (!head.has(0, HEADER)) return unfinished(head, HEADER);
    const type = head.u32le(0x4c);
    if (type !== 1 && type !== 2)
      return refuse('BackingFile', `is VDI of the type ${type}, which builds on another file`);
    return {virtualSize: head.u64le(0x170), problems: []};
  },
};
