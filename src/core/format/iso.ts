import type {FormatInspector} from './inspection.ts';

const DESCRIPTOR = 0x8000;

/** ISO 9660 and UDF discs: the first volume descriptor stands behind 32 KiB that belong to boot loaders. */
export const iso: FormatInspector = {
  name: 'iso',
  reach: DESCRIPTOR + 132,
  matches: (head) => ['CD001', 'NSR02', 'NSR03'].some((magic) => head.is(DESCRIPTOR + 1, magic)),
  inspect(head) {
    const primary = head.u8(DESCRIPTOR) === 1 && head.is(DESCRIPTOR + 1, 'CD001');
    const size = head.u32le(DESCRIPTOR + 80) * head.u16le(DESCRIPTOR + 128);
    return primary && size > 0 ? {virtualSize: size, problems: []} : {problems: []};
  },
};
