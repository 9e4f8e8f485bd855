import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {KNOWN_PROPERTIES} from '../../src/core/rules/imgmgr/known-properties.ts';
import {definition} from '../unit/core/rules/subjects.ts';
import {own} from '../unit/core/status/live.ts';
import type {Desk} from './operator.ts';
import {openDesk} from './operator.ts';

/** Texts that a tenant can give to names, properties and tags of images that everybody sees. */
const TEXTS: readonly string[] = [
  ...[
    '\u001b[2J\u001b[31m',
    '\u009b31m',
    '\u001b]8;;https://evil.test\u0007x\u001b]8;;\u0007',
    '\u0007\b\b',
    'a\r\nadmin',
  ],
  ...['\u202eevil', '\u2066x\u2069', '\u2028\u2029', '\ud800', '\udfff\ud800', '\ufffe', '\u0000', '\t'],
  ...['１２', '٤', '²', '1e9', '-1', 'NaN', '99999999999999999999', '0x10', '2026-02-30', '9999-99-99', '0000-00-00'],
  ...['__proto__', 'constructor', 'toString', '%s%n', '${HOME}', '$(id)', '{"a":1}', '[1]', 'null', ''],
  ...[
    '##vso[task.setvariable]x',
    '::error::x',
    '<script>',
    ']]>',
    '&amp;',
    "';--",
    ' Generic ',
    'GENERIC',
    'last-',
    'last-0',
  ],
  ...[`a${'.'.repeat(300)}`, 'x'.repeat(65_535), '\u001b'.repeat(65_535), '1'.repeat(65_535), '-'.repeat(65_535)],
];

/** What an answer may hold where the cloud itself is at fault. */
const NO_TEXTS: readonly unknown[] = [null, 7, -1.5, true, [], ['a'], {}, {__proto__: 1}];

const KEYS = [...KNOWN_PROPERTIES, 'trait:X', 'imgmgr_state', 'imgmgr_record', 'imgmgr_keys', 'internal_version'];

let desk: Desk;
let images = '';
let count = 0;
/** The Glance id of our image. */
let mine = '';

beforeAll(async () => {
  desk = await openDesk();
  images = await desk.write(['images:', definition({version: {build_date: '2026-01-30'}}), ''].join('\n'));
  const {image} = own({}, {properties: {image_build_date: '2026-01-30'}});
  const ours = {name: image.name, visibility: image.visibility, tags: image.tags, properties: image.properties};
  mine = seed({...ours, min_disk: 8, min_ram: 512, owner: desk.cloud.accounts.admin.projectId});
  for (const visibility of ['public', 'community'] as const) {
    for (const text of TEXTS) {
      for (const key of [KEYS[count % KEYS.length] ?? '', `own:${text}`]) seed({visibility, properties: {[key]: text}});
      seed({visibility, name: text.slice(0, 255), tags: [text.slice(0, 255), 'managed_by_x']});
      if (text.length < 1000) seed({visibility, properties: Object.fromEntries(KEYS.map((key) => [key, text]))});
    }
    for (const value of NO_TEXTS) seed({visibility, properties: Object.fromEntries(KEYS.map((key) => [key, value]))});
    // Our own stamp, on an image of somebody else.
    seed({...ours, visibility, owner: 'somebody'});
    seed({visibility, properties: Object.fromEntries(Array.from({length: 1000}, (_, n) => [`k${n}`, `${n}`]))});
  }
});
afterAll(async () => desk.close());

function seed(image: Readonly<Record<string, unknown>>): string {
  count += 1;
  const all = {owner: `project-${count}`, tags: ['other'], name: `Other ${count}`, ...image};
  return desk.cloud.seed(all).id;
}

// eslint-disable-next-line no-control-regex
const UNSAFE = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe]/;

// eslint-disable-next-line no-control-regex
const NO_XML = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ud800-\udfff\ufffe\uffff]/;

describe('images of others with hostile names, properties and tags', () => {
  it.each([
    ['status', ['--all']],
    ['status', ['--all', '--wide', '-v', '--profile', 'scs-v2']],
    ['status', ['--all', '-q', '--due-within', '30d']],
    ['dry-run', ['-v']],
  ])('%s %j shows them without a control character, and neither fails nor leaves one out', async (command, flags) => {
    const {code, out, err} = await desk.print(command, '--cloud', 'admin', '--images', images, ...flags);
    expect([0, 3], err).toContain(code);
    expect(UNSAFE.exec(out)).toBeNull();
    expect(UNSAFE.exec(err)).toBeNull();
    expect(err).not.toMatch(/TypeError|RangeError|INTERNAL/);
    expect(out).toContain('Ubuntu 24.04');
  });

  it('as JSON each of them has a row, every line is JSON, and no text of theirs is longer than what a person reads', async () => {
    const {out} = await desk.print('status', '--all', '--cloud', 'admin', '--images', images, '--json');
    expect(UNSAFE.exec(out)).toBeNull();
    const rows = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as {type: string; state?: string; image?: string; findings?: {found: unknown}[]})
      .filter(({type}) => type === 'status-row');
    expect(rows.filter(({state}) => state === 'not-ours')).toHaveLength(count - 1);
    expect(rows.filter(({state}) => state === 'ok')).toHaveLength(1);
    const longest = rows.flatMap(({findings = []}) => findings.map((finding) => JSON.stringify(finding).length));
    expect(Math.max(...longest)).toBeLessThan(6000);
  });

  it('as JUnit they make a document without a character that XML does not allow', async () => {
    const {out} = await desk.print('status', '--all', '--cloud', 'admin', '--images', images, '--format', 'junit');
    expect(NO_XML.exec(out)).toBeNull();
    expect(out.match(/<testcase /g)?.length).toBeGreaterThanOrEqual(count);
  });

  it('our stamp on an image of another project is neither ours nor taken for a part of our definition', async () => {
    const {out} = await desk.print(
      'dry-run',
      '--cloud',
      'admin',
      '--images',
      images,
      '--json',
      '--profile',
      'openstack',
    );
    const lines = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as {type: string; code?: string; actions?: unknown[]});
    expect(lines.find(({type}) => type === 'planned')?.actions).toMatchObject([{kind: 'update', image: mine}]);
    expect(lines.filter(({code}) => code === 'foreign-tag').length).toBeGreaterThan(0);
  });
});
