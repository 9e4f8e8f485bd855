import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

function id(name: string): string {
  return String(table.named(name)['id']);
}

/** The calls for bytes of images since the log was cleared. */
function reads(): readonly string[] {
  return table.cloud.requests.filter(({method, path}) => method === 'GET' && path.endsWith('/file')).map(() => 'file');
}

describe('verify --presence', () => {
  it('finds an image whose bytes are gone, keeps that on it, and takes it off when they are there again', async () => {
    const text = table.x(['1']);
    await table.manage(text);
    table.cloud.clearLog();
    const good = await table.run('verify', text, '--presence');
    expect(good.code, good.text).toBe(0);
    expect(good.lines.find(({type}) => type === 'presence')).toMatchObject({image: id('X'), present: true});
    expect([table.cloud.writes(), reads()]).toEqual([[], ['file']]);

    const restore = table.cloud.loseBytes(id('X'));
    const lost = await table.run('verify', text, '--presence');
    expect([lost.code, lost.lines.find(({type}) => type === 'presence')]).toMatchObject([
      1,
      {definition: 'X', version: '1', image: id('X'), present: false},
    ]);
    const phases = lost.lines.filter(({type}) => type === 'image-phase');
    expect(phases.at(-1)).toMatchObject({phase: 'ImageLost', reason: 'BytesMissing', image: id('X')});
    expect(lost.lines.at(-1)).toMatchObject({
      type: 'finished',
      counts: {failed: 1, passed: 0},
      images: [{image: id('X'), phase: 'ImageLost', reason: 'BytesMissing'}],
    });
    expect(table.named('X')['imgmgr_lost']).toMatch(/^\d{4}-/);
    const [shown] = (await table.run('show', text, 'X')).lines.filter(({type}) => type === 'shown');
    expect(shown).toMatchObject({images: [{phase: 'ImageLost', reason: 'BytesMissing'}]});

    table.cloud.clearLog();
    expect((await table.run('verify', text, '--presence')).code).toBe(1);
    expect(table.cloud.writes()).toEqual([]);
    restore();
    const back = await table.run('verify', text, '--presence');
    expect([back.code, table.named('X')['imgmgr_lost']]).toEqual([0, undefined]);
  });

  it('looks at superseded images, too, and one that is lost stops no other', async () => {
    await table.manage(table.x(['1']));
    const text = table.x(['1', '2']);
    await table.manage(text);
    table.cloud.loseBytes(id('X (1)'));
    const ran = await table.run('verify', text, '--presence');
    expect(ran.code, ran.text).toBe(1);
    const found = ran.lines
      .filter(({type}) => type === 'presence')
      .map((line) => [line.image, 'present' in line && line.present]);
    expect(new Set(found)).toEqual(
      new Set([
        [id('X'), true],
        [id('X (1)'), false],
      ]),
    );
    expect(table.named('X')['imgmgr_lost']).toBeUndefined();
  });

  it('with --no-record writes nothing, and takes ids', async () => {
    const text = table.x(['1']);
    await table.manage(text);
    table.cloud.loseBytes(id('X'));
    table.cloud.clearLog();
    const ran = await table.imgmgr('verify', '--cloud', 'admin', id('X'), '--presence', '--no-record');
    expect([ran.code, table.cloud.writes()]).toEqual([1, []]);
  });

  it('a mark of loss is no drift, and a run of manage leaves it', async () => {
    const text = table.x(['1']);
    await table.manage(text);
    table.cloud.loseBytes(id('X'));
    await table.run('verify', text, '--presence');
    expect(await table.manage(text)).toMatchObject({code: 0, done: []});
    expect(table.named('X')['imgmgr_lost']).toBeDefined();
  });

  it('--deep says that bytes are gone by the same name, and that they differ by another', async () => {
    const text = table.x(['1']);
    await table.manage(text);
    const restore = table.cloud.loseBytes(id('X'));
    const lost = await table.run('verify', text, '--deep');
    expect([lost.code, lost.lines.find(({type}) => type === 'presence')]).toMatchObject([1, {present: false}]);
    expect(table.named('X')['imgmgr_lost']).toBeDefined();
    restore();
    expect((await table.run('verify', text, '--deep')).code).toBe(0);
    expect(table.named('X')['imgmgr_lost']).toBeUndefined();
    table.byHand('X', {os_hash_value: 'f'.repeat(128)});
    const other = await table.run('verify', text, '--deep');
    expect([other.code, other.errors.map(({code}) => code)]).toEqual([1, ['DIGEST_MISMATCH']]);
    expect(other.lines.filter(({type}) => type === 'image-phase').at(-1)).toMatchObject({
      phase: 'Failed',
      reason: 'DigestMismatch',
      image: id('X'),
    });
  });

  it('both flags, and a local file, are exit 2 before anything is asked', async () => {
    const text = table.x(['1']);
    await table.manage(text);
    table.cloud.clearLog();
    expect((await table.run('verify', text, '--deep', '--presence')).code).toBe(2);
    expect(table.cloud.requests).toEqual([]);
  });

  it('a store that does not answer is no loss', async () => {
    const text = table.x(['1']);
    await table.manage(text);
    table.byHand('X', {status: 'deactivated'});
    const member = await table.imgmgr('verify', '--cloud', 'member', id('X'), '--presence');
    expect(member.code, member.text).toBe(1);
    expect(member.lines.some(({type}) => type === 'presence')).toBe(false);
    expect(table.named('X')['imgmgr_lost']).toBeUndefined();
  });
});
