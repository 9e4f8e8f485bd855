import type {Firmware} from './layout.ts';
import {prefixOf} from './prefix.ts';

const SECTOR = 2048;
/** Volume descriptors begin here; that of El Torito is the second. */
const BOOT_RECORD = 17 * SECTOR;
const EFI = 0xef;

/** Bytes of the boot catalogue that are read. */
export const CATALOGUE_BYTES = SECTOR;

/** Where the boot catalogue of a disc begins; undefined for a disc that nothing starts from (El Torito 1.0, figure 7). */
export function catalogueOf(start: Uint8Array): number | undefined {
  const head = prefixOf(start, false);
  if (head.u8(BOOT_RECORD) !== 0 || !head.is(BOOT_RECORD + 1, 'CD001')) return undefined;
  if (!head.is(BOOT_RECORD + 7, 'EL TORITO SPECIFICATION')) return undefined;
  return head.u32le(BOOT_RECORD + 71) * SECTOR;
}

/** The firmware that finds something to start in a boot catalogue: its validation entry, then sections with a platform of their own. */
export function readCatalogue(bytes: Uint8Array): readonly Firmware[] {
  const catalogue = prefixOf(bytes, true);
  if (catalogue.u8(0) !== 1 || !catalogue.is(30, [0x55, 0xaa])) return [];
  const found = new Set<Firmware>();
  let platform = catalogue.u8(1);
  for (let at = 32; catalogue.has(at, 32); at += 32) {
    const id = catalogue.u8(at);
    if (id === 0x90 || id === 0x91) platform = catalogue.u8(at + 1);
    else if (id === 0x88) found.add(platform === EFI ? 'uefi' : 'bios');
    else if (id !== 0x00 && id !== 0x44) break;
  }
  return [...found];
}
