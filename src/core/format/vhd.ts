import type {FormatInspector} from './inspection.ts';
import {refuse, unfinished} from './inspection.ts';
import type {Prefix} from './prefix.ts';

/** Microsoft's VHD with a copy of its footer in front, the dynamic kind (3); 4 builds on another file. */
export const vhd: FormatInspector = {
  name: 'vhd',
  reach: 8,
  matches: (head) => head.is(0, 'conectix'),
  inspect(head) {
    if (!head.has(0, 512)) return unfinished(head, 512);
    const type = head.u32be(60);
    if (type === 4) return refuse('BackingFile', 'is a differencing VHD, which builds on another file');
    if (type !== 3) return refuse('Type', `is VHD of the unknown type ${type}`);
    return {virtualSize: head.u64be(40), problems: []};
  },
};

/** True when the file ends in the footer of a fixed VHD, which looks like a raw disk from the front. */
export function isFixedVhd(tail: Prefix): boolean {
  return tail.is(tail.length - 512, 'conectix');
}
