import {describe, expect, it} from 'vitest';
import type {BuildQuestion} from '../../../../src/core/build/choose-build.ts';
import {chooseBuild} from '../../../../src/core/build/choose-build.ts';
import type {ImageState} from '../../../../src/core/image/stamp.ts';
import type {OwnImage} from '../../../../src/core/release/release.ts';
import {World, definition} from '../plan/plan-world.ts';

const NOW = new Date('2026-11-21T12:00:00Z');

function own(version: string, inputs: string, state: ImageState = 'current'): OwnImage {
  const image = new World().create({
    name: 'X',
    osHidden: false,
    diskFormat: 'qcow2',
    tags: [],
    properties: {imgmgr_inputs: inputs},
  });
  return {image, stamp: {definition: 'X', version, state, run: 'r', keys: [], adHoc: false}};
}

function choose(question: Partial<BuildQuestion> = {}) {
  const {release, reason} = chooseBuild({
    definition: definition([], {meta: {replace_frequency: 'monthly'}}),
    inputs: 'aaa',
    images: [],
    artifacts: [],
    now: NOW,
    ...question,
  });
  return {version: release?.version, inputs: release?.build.inputs, reason};
}

describe('the build that a definition wants', () => {
  it('is a new one where there is none', () => {
    expect(choose()).toEqual({version: '20261121', inputs: 'aaa', reason: 'no image of it is there'});
  });

  it('is the one that is there while its inputs are the same and it is not due', () => {
    expect(choose({images: [own('20261101', 'aaa')]})).toMatchObject({version: '20261101', inputs: 'aaa'});
  });

  it('is a new one when the inputs changed', () => {
    expect(choose({images: [own('20261101', 'old')]})).toEqual({
      version: '20261121',
      inputs: 'aaa',
      reason: 'what it is built from has changed',
    });
  });

  it('is a new one when it is due, and not yet the day before', () => {
    expect(choose({images: [own('20261022', 'aaa')]})).toMatchObject({version: '20261121'});
    expect(choose({images: [own('20261023', 'aaa')]})).toMatchObject({version: '20261023'});
  });

  it('is a release without an address: its image says private, or where the definition says it comes from', () => {
    const wanted = definition([], {meta: {}});
    const question = {inputs: 'aaa', images: [], artifacts: [], now: NOW};
    const build = {inputs: 'aaa', why: 'no image of it is there', date: '2026-11-21', source: 'private'};
    const release = {kind: 'build', version: '20261121', place: wanted.place, build};
    expect(chooseBuild({definition: wanted, ...question}).release).toEqual(release);
    const spec = {elements: [], environment: {}, packages: [], formats: [], compress: true, timeoutSeconds: 1};
    const named = {...wanted, build: {...spec, source: 'https://example.test/'}};
    expect(chooseBuild({definition: named, ...question}).release?.build.source).toBe('https://example.test/');
  });

  it('bears a number where the day is taken', () => {
    expect(choose({images: [own('20261121', 'old')]})).toMatchObject({version: '20261121.1'});
  });

  it('is the one that an earlier run began of the same inputs, whatever became of it', () => {
    for (const state of ['importing', 'pending', 'ready', 'quarantined'] as const)
      expect(choose({images: [own('20261101', 'old'), own('20261120', 'aaa', state)]})).toMatchObject({
        version: '20261120',
        inputs: 'aaa',
      });
  });

  it('is not one that was begun of other inputs, is older than the current one, or is due itself', () => {
    expect(choose({images: [own('20261101', 'old'), own('20261120', 'other', 'ready')]})).toMatchObject({
      version: '20261121',
    });
    expect(choose({images: [own('20261120', 'old'), own('20261101', 'aaa', 'ready')]})).toMatchObject({
      version: '20261121',
    });
    expect(choose({images: [own('20260901', 'old'), own('20261001', 'aaa', 'quarantined')]})).toMatchObject({
      version: '20261121',
    });
  });

  it('is taken from an artifact of the same inputs instead of being built again', () => {
    const artifacts = [
      {version: '20261119', inputs: 'aaa'},
      {version: '20261118', inputs: 'aaa'},
      {version: '20261120', inputs: 'other'},
    ];
    expect(choose({artifacts})).toMatchObject({version: '20261119', inputs: 'aaa'});
    expect(choose({artifacts, images: [own('20261120', 'old')]})).toMatchObject({version: '20261121'});
    expect(choose({artifacts: [{version: '20261001', inputs: 'aaa'}]})).toMatchObject({version: '20261121'});
  });

  it('is the one that is there when builds are left out, and none where none is', () => {
    expect(choose({inputs: undefined, images: [own('20200101', 'old')]})).toMatchObject({
      version: '20200101',
      inputs: 'old',
    });
    expect(choose({inputs: undefined})).toEqual({
      version: undefined,
      inputs: undefined,
      reason: 'is not built (--no-build), and there is no image of it',
    });
  });

  it('is one that was built again and waits to be published, also when builds are left out', () => {
    for (const state of ['ready', 'pending'] as const) {
      const images = [own('20261119', 'aaa'), own('20261120', 'aaa', state)];
      for (const inputs of ['aaa', undefined])
        expect(choose({images, inputs})).toMatchObject({version: '20261120', inputs: 'aaa'});
      // Demanded once more, it is built once more.
      expect(choose({images, rebuild: {after: '20261120'}})).toMatchObject({version: '20261121'});
    }
    expect(choose({images: [own('20261119', 'aaa', 'ready')], inputs: undefined})).toMatchObject({version: '20261119'});
  });

  it('is not one that waits and is older than the current one, of other inputs, revoked, or failed', () => {
    const current = own('20261119', 'aaa');
    for (const other of [own('20261118', 'aaa', 'ready'), own('20261120', 'aaa', 'quarantined')])
      expect(choose({images: [current, other]})).toMatchObject({version: '20261119'});
    expect(choose({images: [current, own('20261120', 'old', 'ready')]})).toMatchObject({version: '20261119'});
    const waiting = own('20261120', 'aaa', 'ready');
    const properties = {...waiting.image.properties, imgmgr_revoked: 'version=… date=…'};
    const revoked = {...waiting, image: {...waiting.image, id: 'bad', properties}};
    expect(choose({images: [current, revoked]})).toMatchObject({version: '20261119'});
  });

  it('is a new one when that is demanded, once per run', () => {
    const rebuild = {after: '20261120'};
    const images = [own('20261120', 'aaa')];
    expect(choose({images, rebuild})).toEqual({
      version: '20261121',
      inputs: 'aaa',
      reason: 'is built again (--rebuild)',
    });
    // Another cloud of the same run takes what was built for the first.
    expect(choose({images, rebuild, artifacts: [{version: '20261121', inputs: 'aaa'}]})).toMatchObject({
      version: '20261121',
    });
    expect(choose({images: [...images, own('20261121', 'aaa')], rebuild})).toMatchObject({version: '20261121'});
    expect(choose({images, rebuild, artifacts: [{version: '20261120', inputs: 'aaa'}]})).toMatchObject({
      version: '20261121',
    });
  });

  describe('where the newest one is revoked', () => {
    const bad = (version: string, inputs: string): OwnImage => {
      const one = own(version, inputs, 'retired');
      const properties = {...one.image.properties, imgmgr_revoked: 'version=… date=…'};
      return {...one, image: {...one.image, id: `bad-${version}`, osHashValue: 'cd'.repeat(64), properties}};
    };

    it('is the one before, whatever that was made from: the same inputs are not built again', () => {
      const images = [own('20261101', 'old'), bad('20261110', 'aaa')];
      expect(choose({images})).toEqual({
        version: '20261101',
        inputs: 'old',
        reason: 'the build of 20261110 is revoked',
      });
      expect(choose({images, inputs: undefined})).toMatchObject({version: '20261101'});
      expect(choose({images, artifacts: [{version: '20261110', inputs: 'aaa'}]})).toMatchObject({version: '20261101'});
    });

    it('is a new one when the inputs change, when it is due, and when that is demanded', () => {
      const images = [own('20261101', 'old'), bad('20261110', 'aaa')];
      expect(choose({images, inputs: 'bbb'})).toMatchObject({version: '20261121', inputs: 'bbb'});
      expect(choose({images, rebuild: {after: '20261110'}})).toMatchObject({version: '20261121'});
      expect(choose({images: [own('20260901', 'old'), bad('20261001', 'aaa')]})).toMatchObject({version: '20261121'});
    });

    it('is none where no other is there', () => {
      expect(choose({images: [bad('20261110', 'aaa')]})).toEqual({
        version: undefined,
        inputs: undefined,
        reason: 'every build of it is revoked, and what it is built from is unchanged (--rebuild builds it again)',
      });
      expect(choose({images: [bad('20261110', 'aaa')], inputs: undefined}).version).toBeUndefined();
    });
  });
});
