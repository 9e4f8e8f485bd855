import type {FormatInspector, FormatProblem} from './inspection.ts';
import type {Prefix} from './prefix.ts';

const ENTRIES = 446;
const PROTECTIVE = 0xee;

/** A raw disk that starts with an MBR (alone or in front of a GPT). Glance checks the entries, and so do we. */
export const partitionTable: FormatInspector = {
  name: 'gpt',
  reach: 512,
  matches: (head) => head.is(510, [0x55, 0xaa]) && !isFat(head),
  inspect: (head) => ({problems: checkEntries(head)}),
};

/** A FAT boot sector bears the same signature: two copies of the table, "fixed disk" as medium. */
function isFat(head: Prefix): boolean {
  return head.u8(0x10) === 2 && head.u8(0x15) === 0xf8;
}

function checkEntries(head: Prefix): readonly FormatProblem[] {
  const problem = (message: string): readonly FormatProblem[] => [
    {id: 'Mbr', message: `has a partition table ${message}`},
  ];
  const entries = [0, 1, 2, 3].map((index) => ENTRIES + index * 16);
  for (const [index, entry] of entries.entries())
    if (head.u8(entry) !== 0 && head.u8(entry) !== 0x80)
      return problem(`whose entry ${index + 1} has an invalid boot flag`);
  const used = entries.filter((entry) => head.u8(entry + 4) !== 0);
  if (used.length === 0) return problem('without a partition');
  const protective = used.filter((entry) => head.u8(entry + 4) === PROTECTIVE);
  if (protective.some((entry) => !head.is(entry + 1, [0, 2, 0])))
    return problem('whose protective entry has an invalid start (CHS)');
  if (protective.some((entry) => head.u32le(entry + 8) !== 1))
    return problem('whose protective entry does not start at sector 1');
  if (protective.length > 0 && (used.length > 1 || used[0] !== ENTRIES))
    return problem('with more than the protective entry');
  return [];
}
