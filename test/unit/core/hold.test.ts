import {describe, expect, it} from 'vitest';
import {
  heldWarning,
  holdOfAll,
  inForce,
  isHoldRecord,
  latestHold,
  newHold,
  readHolds,
  shownHold,
} from '../../../src/core/hold.ts';
import type {Image} from '../../../src/core/image/image.ts';
import {readStamp} from '../../../src/core/image/stamp.ts';
import {readLeases} from '../../../src/core/lease.ts';
import {created} from './live-image.ts';

const DAY = Date.parse('2026-12-25T00:00:00Z');
const NOW = new Date('2026-12-01T00:00:00Z');
const BY = {id: 'h1', run: 'r1', host: 'host-1'};

function record(definition: string | undefined, untilMs = DAY, publicReason?: string): Image {
  const spec = newHold({untilMs, ...(publicReason !== undefined && {publicReason})}, {...BY, definition});
  return created(spec);
}

describe('the record of a hold', () => {
  it('is read as it was written', () => {
    expect(readHolds([record('X', DAY, 'why'), record(undefined)], 'p')).toMatchObject([
      {definition: 'X', hold: {untilMs: DAY, by: 'cloud', origin: 'run r1 on host-1', reason: 'why'}},
      {hold: {untilMs: DAY, by: 'all'}},
    ]);
  });

  it('is no image of ours and no lease, and nothing of another project', () => {
    const image = record('X');
    expect([readStamp(image), readLeases([image], 'p'), readHolds([image], 'q')]).toEqual([undefined, [], []]);
    expect([isHoldRecord(image), isHoldRecord({properties: {imgmgr_state: 'lease'}})]).toEqual([true, false]);
  });

  it('has a name that Glance takes, however long that of its definition is', () => {
    expect(newHold({untilMs: DAY}, {...BY, definition: 'x'.repeat(255)}).name).toHaveLength(255);
  });

  it.each([
    ['no date', {imgmgr_hold: 'definition', imgmgr_hold_definition: 'X'}, 'X'],
    ['a date that is none', {imgmgr_hold: 'definition', imgmgr_hold_definition: 'X', imgmgr_hold_until: 'soon'}, 'X'],
    ['a kind that a later version brought', {imgmgr_hold: 'regex', imgmgr_hold_until: 'x'}, undefined],
  ])('with %s holds until it is lifted', (_what, properties, definition) => {
    const image = {...record('X'), properties: {imgmgr_state: 'hold', ...properties}};
    const [read] = readHolds([image], 'p');
    expect([read?.definition, read?.hold.untilMs]).toEqual([definition, Infinity]);
    expect(shownHold(read?.hold, NOW)).toMatchObject({until: null, lasts: true});
  });
});

describe('which hold counts', () => {
  const place = {file: 'images/x.yml', line: 3, column: 5};
  const holds = readHolds([record('X', DAY), record('Y', DAY + 9), record(undefined, DAY + 1)], 'p');

  it('is the one with the latest date, of the definition, of its file, and of every definition', () => {
    expect(latestHold({name: 'X'}, holds)).toMatchObject({by: 'all', untilMs: DAY + 1});
    expect(latestHold({name: 'Y'}, holds)).toMatchObject({by: 'cloud', untilMs: DAY + 9});
    const inFile = {name: 'X', hold: {untilMs: DAY + 2, reason: 'r', place}};
    expect(latestHold(inFile, holds)).toEqual({
      ...{untilMs: DAY + 2, by: 'definition', origin: 'images/x.yml:3:5', reason: 'r'},
    });
    expect(latestHold({name: 'Z'}, [])).toBeUndefined();
    expect(holdOfAll(holds)?.untilMs).toBe(DAY + 1);
  });

  it('ends at its end', () => {
    const hold = latestHold({name: 'X'}, holds.slice(0, 1));
    expect(inForce(hold, new Date(DAY - 1))).toBe(hold);
    expect(inForce(hold, new Date(DAY))).toBeUndefined();
    expect(inForce(undefined, NOW)).toBeUndefined();
    expect(shownHold(hold, new Date(DAY))).toMatchObject({until: '2026-12-25T00:00:00.000Z', lasts: false});
  });
});

describe('what is said of a hold', () => {
  it('names it, who set it, what waits, and how it is lifted', () => {
    const [one, all] = readHolds([record('X', DAY, 'why'), record(undefined)], 'p').map(({hold}) => hold);
    expect(one && heldWarning(one, 'X', ['publish 2', 'retire 1'])).toEqual({
      code: 'held',
      message: 'X is held until 2026-12-25 00:00 UTC (run r1 on host-1: why); publish 2, retire 1 wait for that',
      hint: 'imgmgr unhold "X" lifts it',
    });
    expect(all && heldWarning(all, undefined)).toEqual({
      code: 'held',
      message:
        'every definition is held until 2026-12-25 00:00 UTC (run r1 on host-1); nothing of it is published, retired, deactivated or deleted before',
      hint: 'imgmgr unhold --all lifts it',
    });
  });
});
