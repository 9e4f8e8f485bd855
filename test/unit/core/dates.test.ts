import {expect, test} from 'vitest';
import {currentForm} from '../../../src/core/image/form.ts';
import type {Image} from '../../../src/core/image/image.ts';
import {nameWhenRetired} from '../../../src/core/image/naming.ts';
import type {OwnImage} from '../../../src/core/release/release.ts';
import {latestRelease} from '../../../src/core/release/release.ts';
import {judgeRetention, parseValidity} from '../../../src/core/retention.ts';
import {definition, version} from './plan/plan-world.ts';

function image(properties: Readonly<Record<string, string>>): Image {
  return {
    id: 'i',
    name: 'X',
    status: 'active',
    visibility: 'public',
    osHidden: false,
    protected: false,
    owner: 'p',
    tags: [],
    minDisk: 0,
    minRam: 0,
    diskFormat: 'qcow2',
    containerFormat: 'bare',
    size: 1,
    virtualSize: 1,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: '2026-03-04T05:06:07Z',
    updatedAt: '2026-03-04T05:06:07Z',
    stores: [],
    properties,
  };
}

test.each(['2026-02-30', '2026-13-01', '2026-00-10', '2025-02-29'])(
  'L: an image whose stored uuid_validity is %s, no day of the calendar, stays until somebody looks',
  (text) => {
    expect(parseValidity(text)).toEqual({kind: 'notice'});
    const facts = {wanted: 'none', rank: 9, now: new Date('2027-01-01'), includeNone: true, keep: false};
    expect(judgeRetention({...facts, image: image({uuid_validity: text})}).stays).toBe(true);
    expect(judgeRetention({...facts, image: image({uuid_validity: '2026-02-28'})}).stays).toBe(false);
  },
);

test.each([
  ['2026-01-02', 'X 20260102'],
  ['2026-01-02T10:00:00Z', 'X 20260102'],
  ['2026-02-30', 'X 20260304'],
  ['2026-1-2', 'X 20260304'],
  ['unknown', 'X 20260304'],
  ['', 'X 20260304'],
  [undefined, 'X 20260304'],
])('L: retired by date, an image of 2026-03-04 whose build date is %s is %s', (built, name) => {
  const own: OwnImage = {
    image: image(built === undefined ? {} : {image_build_date: built}),
    stamp: {definition: 'X', version: '1', run: 'r', state: 'current', keys: [], adHoc: false},
  };
  expect(
    nameWhenRetired({
      definition: definition(['1']),
      own,
      way: 'renamed-by-date',
      earlierOfSameVersion: false,
      taken: new Set(),
    }),
  ).toBe(name);
});

test.each([
  ['20260901', '2026-09-01'],
  ['20260230', undefined],
  ['20260901.1', undefined],
  ['5.1', undefined],
])('L: the build date of a latest version that is labelled %s is %s', (label, day) => {
  const {buildDate, ...listed} = version('latest');
  expect(buildDate).toBeDefined();
  const form = currentForm({
    definition: definition([listed]),
    release: latestRelease(listed, label),
    oldPurpose: 'oldgeneric',
    adHoc: false,
  });
  expect(form.properties['image_build_date']).toBe(day);
});
