import type {FormatInspector, FormatProblem} from './inspection.ts';
import {refuse, unfinished} from './inspection.ts';

const DATA_FILE = 1 << 2;
/** Dirty, corrupt, data file, compression type; what lies above (extended L2 entries, too) current Glance refuses. */
const KNOWN_FEATURES = 0b1111;

/**
 * QEMU's qcow2, versions 2 and 3 (https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst). Refused is what
 * reads other files of the host (CVE-2015-5163, CVE-2024-32498), what is encrypted, and what current Glance refuses.
 */
export const qcow2: FormatInspector = {
  name: 'qcow2',
  reach: 8,
  matches: (head) => head.is(0, [0x51, 0x46, 0x49, 0xfb]),
  inspect(head) {
    const version = head.u32be(4);
    if (version === 1) return refuse('Version', 'is qcow version 1, which no cloud takes; convert it to qcow2');
    if (version !== 2 && version !== 3) return refuse('Version', `is qcow2 of the unknown version ${version}`);
    const length = version === 2 ? 72 : 104;
    if (!head.has(0, length)) return unfinished(head, length);
    const problems: FormatProblem[] = [];
    if (head.u64be(8) !== 0) problems.push({id: 'BackingFile', message: 'is qcow2 with a backing file'});
    const method = head.u32be(32);
    if (method !== 0) problems.push({id: 'Encrypted', message: `is encrypted qcow2 (method ${method})`});
    if (version === 3) {
      const low = head.u32be(76);
      if ((low & DATA_FILE) !== 0) problems.push({id: 'DataFile', message: 'is qcow2 with an external data file'});
      if (head.u32be(72) !== 0 || (low & ~KNOWN_FEATURES) !== 0)
        problems.push({
          id: 'UnknownFeatures',
          message: `is qcow2 with incompatible features that Glance refuses (${features(head.u32be(72), low)})`,
        });
    }
    return {virtualSize: head.u64be(24), problems};
  },
};

function features(high: number, low: number): string {
  return `0x${((BigInt(high) << 32n) | BigInt(low)).toString(16)}`;
}
