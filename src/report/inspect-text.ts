import type {Event} from '../core/events.ts';
import type {Partition} from '../core/format/layout.ts';
import {formatBytes} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';

const KINDS = {disk: 'disk', cdrom: 'CD-ROM', unknown: 'nothing shows what it is'} as const;
const WIDTH = 14;

/** The answer of `inspect`: a line for each fact, then the verdict, and below it why, and what could not be seen. */
export function inspectText(found: Extract<Event, {type: 'inspected'}>, paint: Paint): string {
  const {source, origin, problems, unknown, verdict, digests} = found;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['origin', origin],
    ['format', found.format],
    ['kind', KINDS[found.kind]],
    ['packed in', found.wrappers.length === 0 ? undefined : found.wrappers.join(', in it ')],
    ['size', sizesText(found.sizes)],
    ['partitions', tableText(found)],
    ...found.partitions.map((partition) => ['', partitionText(partition)] as const),
    ['starts by', firmwareText(found)],
    ['architecture', found.architecture ?? 'not known'],
    ...digests.map(({algorithm, hex}) => ['digest', `${algorithm}:${hex}`] as const),
    ['read', formatBytes(found.bytesRead)],
  ];
  const word = verdict === 'safe' ? paint.green('safe') : paint.red('REFUSED');
  return [
    paint.bold(clean(source)),
    ...facts.flatMap(([name, text]) => (text === undefined ? [] : [`  ${name.padEnd(WIDTH)}${clean(text)}`])),
    `  ${'verdict'.padEnd(WIDTH)}${word}`,
    ...problems.map(({id, message}) => `  ${' '.repeat(WIDTH)}${clean(`${id}: ${message}`)}`),
    ...unknown.map((what) => `  ${'not seen'.padEnd(WIDTH)}${clean(what)}`),
    '',
  ].join('\n');
}

function sizesText({served, unpacked, virtual}: Extract<Event, {type: 'inspected'}>['sizes']): string {
  const text = (bytes: number | null): string =>
    bytes === null ? 'not known' : bytes < 1024 ? formatBytes(bytes) : `${formatBytes(bytes)} (${bytes} bytes)`;
  const isSame = served === unpacked;
  return [
    `as served ${text(served)}`,
    ...(isSame ? [] : [`unpacked ${text(unpacked)}`]),
    ...(virtual !== null && virtual === unpacked ? [] : [`disk ${text(virtual)}`]),
  ].join(', ');
}

function tableText({table, filesystem, partitions}: Extract<Event, {type: 'inspected'}>): string {
  if (table === null) return 'not known';
  if (table === 'none') return filesystem === null ? 'none' : `none: it is one file system (${filesystem})`;
  return `${table === 'gpt' ? 'GPT' : 'MBR'}, ${partitions.length}`;
}

function firmwareText({firmware}: Extract<Event, {type: 'inspected'}>): string {
  if (firmware === null) return 'not known';
  return firmware.length === 0
    ? 'no firmware finds a boot loader'
    : firmware.map((each) => each.toUpperCase()).join(', ');
}

function partitionText({number, type, meaning, start, size}: Partition): string {
  return `${number}  ${meaning ?? type}, ${formatBytes(size)} at ${formatBytes(start)}`;
}
