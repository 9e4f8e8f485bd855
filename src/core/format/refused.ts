import type {FormatInspector, ProblemId} from './inspection.ts';
import {refuse} from './inspection.ts';
import type {Prefix} from './prefix.ts';

/** What is recognised only to be refused by its name. */
export const refusedFormats: readonly FormatInspector[] = [
  never(
    'luks',
    'is a LUKS container; clouds cannot boot what they cannot read',
    at(0, [0x4c, 0x55, 0x4b, 0x53, 0xba, 0xbe]),
  ),
  never('qed', 'is QED, a format that no cloud takes; convert it to qcow2', at(0, 'QED\0')),
  never(
    'parallels',
    'is a Parallels disk, which no cloud takes; convert it to qcow2',
    (head) => head.is(0, 'WithoutFreeSpace') || head.is(0, 'WithouFreSpacExt'),
  ),
  never('bochs', 'is a Bochs disk, which no cloud takes; convert it to qcow2', at(0, 'Bochs Virtual HD Image')),
  {
    ...never('cloop', 'is a cloop image, which no cloud takes', at(0, '#!/bin/sh\n#V2.0 Format\nmodprobe cloop file=')),
    reach: 64,
  },
  packed('zip', at(0, 'PK\x03\x04')),
  packed('7z', at(0, [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c])),
  packed('lz4', at(0, [0x04, 0x22, 0x4d, 0x18])),
  packed('rar', at(0, 'Rar!\x1a\x07')),
  {...packed('tar', at(257, 'ustar')), reach: 262},
  {...never('html', 'is a web page', isWebPage), inspect: () => refuse('WebPage', 'is a web page')},
];

function never(
  name: string,
  message: string,
  matches: (head: Prefix) => boolean,
  id: ProblemId = 'NotADisk',
): FormatInspector {
  return {name, reach: 16, matches, inspect: () => refuse(id, message)};
}

function packed(name: string, matches: (head: Prefix) => boolean): FormatInspector {
  return never(name, `is a ${name} archive; unpack it first`, matches, 'Packed');
}

function at(offset: number, magic: string | readonly number[]): (head: Prefix) => boolean {
  return (head) => head.is(offset, magic);
}

function isWebPage(head: Prefix): boolean {
  const start = head
    .text(0, 1024)
    .replace(/^\u00ef\u00bb\u00bf/, '')
    .trimStart()
    .toLowerCase();
  return (
    start.startsWith('<!doctype html') ||
    start.startsWith('<html') ||
    (start.startsWith('<?xml') && start.includes('<html'))
  );
}
