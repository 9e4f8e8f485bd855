import {describe, expect, it, test} from 'vitest';
import type {FoundRelease} from '../../../../src/ports/release-finder.ts';
import type {OwnImage} from '../../../../src/core/release/release.ts';
import {resolveReleases} from '../../../../src/workflow/run/resolve-releases.ts';
import {World, definition, version} from '../../core/plan/plan-world.ts';

const DIGEST = {algorithm: 'sha256', hex: 'a'.repeat(64)} as const;
const NOW = new Date('2026-11-26T10:00:00Z');
const never = (): Promise<never> => Promise.reject(new Error('not asked for'));

function own(label: string): OwnImage {
  const image = new World().create({name: 'X', osHidden: false, diskFormat: 'qcow2', tags: [], properties: {}});
  const stamp = {definition: 'X', version: label, state: 'current', run: 'r', keys: [], adHoc: false} as const;
  return {image, stamp: {...stamp, digest: DIGEST}};
}

function resolve(found: readonly FoundRelease[], images: readonly OwnImage[] = [], adHoc = false) {
  return resolveReleases(found, {definition: definition([]), images, now: NOW, adHoc});
}

test.each([
  ['2026-10-01T10:00:00Z', '20261001'],
  ['2099-01-01T00:00:00Z', '20261126'],
  [undefined, '20261126'],
])('L: a latest version that was changed on %s is labelled %s on 2026-11-26', async (changed, label) => {
  const look = () => Promise.resolve({size: 7, ...(changed !== undefined && {changedAt: new Date(changed)})});
  const listed = version('latest');
  const {releases} = await resolve([{kind: 'latest', listed, look}]);
  expect(releases).toEqual([{kind: 'latest', version: label, place: listed.place, listed, size: 7}]);
});

it('L: a latest version is labelled as the image that has its digest, and the upstream is not asked', async () => {
  const found = {kind: 'latest', listed: version('latest'), digest: DIGEST, look: never} as const;
  expect((await resolve([found], [own('20260101')])).releases).toMatchObject([{version: '20260101', digest: DIGEST}]);
});

describe('a local file', () => {
  const found = (file: () => Promise<{served: never[]}>) => ({kind: 'listed', listed: version('1'), file}) as const;

  it('of the command line is read where an image of its version is there', async () => {
    const file = () => Promise.resolve({served: []});
    const {releases} = await resolve([found(file)], [own('1')], true);
    expect(releases).toMatchObject([{kind: 'listed', version: '1', file: {served: []}}]);
  });

  it.each([
    ['without such an image', [own('2')], true],
    ['of a definition in a file', [own('1')], false],
  ])('%s is not read', async (_, images, adHoc) => {
    const {releases} = await resolve([found(never)], images, adHoc);
    expect(releases).toMatchObject([{kind: 'listed', version: '1'}]);
  });
});

it('a build is chosen, and the reason is said; none where nothing is built and nothing is there', async () => {
  const inputs = {hash: 'aaa'} as never;
  expect(await resolve([{kind: 'build', inputs, artifacts: []}])).toMatchObject({
    releases: [{kind: 'build', version: '20261126', build: {inputs: 'aaa'}}],
    decisions: ['no image of it is there'],
  });
  expect(await resolve([{kind: 'build', artifacts: []}])).toEqual({
    releases: [],
    decisions: ['is not built (--no-build), and there is no image of it'],
  });
});
