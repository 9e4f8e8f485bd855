import type {ImageAnswer} from '../contract/images.ts';
import {moment} from './clock.ts';
import type {Child} from './dom.ts';
import {el} from './dom.ts';
import type {Tone} from './notes.ts';
import {pill} from './notes.ts';
import {path} from './path.ts';
import {bytesText, counted} from './text.ts';

export type ShownImage = ImageAnswer['shown']['images'][number];

const TONES: Readonly<Record<string, Tone>> = {
  ...{current: 'good', quarantined: 'bad', importing: 'busy', pending: 'busy', ready: 'plain', retired: 'plain'},
};
/** As many properties are listed. */
const MOST = 500;

/** Id, digest, state and what else identifies an image. */
export function imageFacts(image: ShownImage): HTMLElement {
  const {
    id,
    name,
    status,
    visibility,
    osHidden,
    size,
    virtualSize,
    diskFormat,
    createdAt,
    digests,
    stamp,
    source,
    revoked,
  } = image;
  const sizes = [size, virtualSize].map((bytes) => (bytes === null ? undefined : bytesText(bytes)));
  return el(
    'div',
    {},
    el(
      'h2',
      {class: 'buttons'},
      stamp && el('span', {}, `Version ${stamp.version}`),
      stamp ? pill(TONES[stamp.state] ?? 'plain', stamp.state) : pill('plain', 'not ours'),
      revoked !== null && pill('bad', 'revoked', revoked),
      status !== 'active' && pill('warn', status),
      pill('plain', osHidden ? `${visibility}, hidden` : visibility),
    ),
    facts([
      ['Name', name ?? '(none)'],
      ['Glance id', el('code', {}, id)],
      ['Digest', list([...new Set([...digests.glance, ...digests.imgmgr])].map((digest) => el('code', {}, digest)))],
      ['Format', diskFormat],
      ['Size', sizes[0] === undefined ? null : `${sizes[0]}${sizes[1] === undefined ? '' : `, as a disk ${sizes[1]}`}`],
      ['Created', moment(createdAt)],
      ['From', source],
      ['Made by', stamp && el('a', {href: path`/runs/${stamp.run}`}, `run ${stamp.run.slice(0, 8)}`)],
      ['Revoked', revoked],
    ]),
  );
}

/** Names and values; a value of null or none is left out. */
export function facts(rows: readonly (readonly [string, Child])[]): HTMLElement {
  const known = rows.filter(([, value]) => value !== null && value !== undefined && value !== false && value !== '');
  return el(
    'dl',
    {class: 'facts'},
    known.map(([name, value]) => [el('dt', {}, name), el('dd', {}, value)]),
  );
}

/** The properties, folded. */
export function propertyList({properties, tags}: ShownImage): HTMLElement {
  const entries = Object.entries(properties).sort(([one], [other]) => (one < other ? -1 : 1));
  return el(
    'details',
    {},
    el('summary', {}, `${counted(entries.length, 'property', 'properties')}, ${counted(tags.length, 'tag')}`),
    facts([
      ...entries.slice(0, MOST).map(([name, value]) => [name, el('span', {class: 'mono'}, value)] as const),
      ['tags', tags.join(', ')],
      ['…', entries.length > MOST && `${entries.length - MOST} more`],
    ]),
  );
}

function list(items: readonly HTMLElement[]): Child {
  return (
    items.length > 0 &&
    el(
      'ul',
      {class: 'plain'},
      items.map((item) => el('li', {}, item)),
    )
  );
}
