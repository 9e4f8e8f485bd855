import type {FormatInspector} from './inspection.ts';
import type {Prefix} from './prefix.ts';

const DESCRIPTOR = 0x8000;
const SECTOR = 2048;
/** Descriptors that are looked through for UDF; real discs have three (BEA01, NSR0x, TEA01). */
const MOST_DESCRIPTORS = 8;

/**
 * ISO 9660 and UDF discs: the first volume descriptor stands behind 32 KiB that belong to boot loaders. A disc that is UDF alone begins
 * with BEA01, and says NSR02 or NSR03 in one of the descriptors behind it (ECMA-167, 2/8 and 3/9).
 */
export const iso: FormatInspector = {
  name: 'iso',
  reach: DESCRIPTOR + MOST_DESCRIPTORS * SECTOR,
  matches: (head) => isDescriptor(head, 0, ['CD001', ...UDF]) || isUdfAlone(head),
  inspect(head) {
    const primary = head.u8(DESCRIPTOR) === 1 && head.is(DESCRIPTOR + 1, 'CD001');
    const size = head.u32le(DESCRIPTOR + 80) * head.u16le(DESCRIPTOR + 128);
    return primary && size > 0 ? {virtualSize: size, problems: []} : {problems: []};
  },
};

const UDF = ['NSR02', 'NSR03'];

/** True for a disc without ISO 9660, which Glance takes for a raw disk (oslo.utils looks at the first descriptor alone). */
export function isUdfAlone(head: Prefix): boolean {
  if (!isDescriptor(head, 0, ['BEA01'])) return false;
  return Array.from({length: MOST_DESCRIPTORS - 1}, (_, index) => index + 1).some((index) =>
    isDescriptor(head, index, UDF),
  );
}

function isDescriptor(head: Prefix, index: number, names: readonly string[]): boolean {
  return names.some((name) => head.is(DESCRIPTOR + index * SECTOR + 1, name));
}
