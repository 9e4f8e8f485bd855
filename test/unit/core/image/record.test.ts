import {describe, expect, it} from 'vitest';
import {applyPatch, compact, isEmptyPatch} from '../../../../src/core/image/patch.ts';
import type {Image, ImagePatch} from '../../../../src/core/image/image.ts';
import {SCHEMA, describeNew, isNewerSchema, remembered} from '../../../../src/core/image/record.ts';
import {readStamp} from '../../../../src/core/image/stamp.ts';
import {readVerdict, wasBootedAs} from '../../../../src/core/verdict/record.ts';

const RUN = '5d2cf6ae-35e1-4f0c-9b2f-0d2a7f8a1c11';
const BOOT = '5455696f1c7bba33';

/** A published image as commit 1098701 left it. */
const OLD: Readonly<Record<string, string>> = {
  imgmgr_definition: 'X',
  imgmgr_version: '1',
  imgmgr_state: 'current',
  imgmgr_run: RUN,
  imgmgr_digest: `sha256:${'a'.repeat(64)}`,
  imgmgr_keys: 'os_distro tag:T',
  imgmgr_applied: 'visibility=public os_hidden=false status=active protected=false',
  imgmgr_origin: 'command',
  imgmgr_verdict: 'pass',
  imgmgr_verdict_cause: 'passed',
  imgmgr_verdict_checks: 'none',
  imgmgr_verdict_agent: '0.1.0',
  imgmgr_verdict_at: '2026-11-26T09:16:09Z',
  imgmgr_verdict_run: RUN,
  imgmgr_boot: BOOT,
  imgmgr_manifest: `sha256:${'b'.repeat(64)}`,
  os_distro: 'debian',
};

function image(properties: Readonly<Record<string, string>>, changes: Partial<Image> = {}): Image {
  return {
    id: '21118547-6f82-4cae-afb4-8f54f9ede276',
    name: 'X',
    status: 'active',
    visibility: 'public',
    osHidden: false,
    protected: false,
    owner: 'p',
    tags: ['managed_by_imgmgr'],
    minDisk: 1,
    minRam: 1,
    diskFormat: 'raw',
    containerFormat: 'bare',
    size: 1,
    virtualSize: 1,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: '2026-11-26T09:16:09Z',
    updatedAt: '2026-11-26T09:16:09Z',
    stores: [],
    properties,
    ...changes,
  };
}

function keysOf({properties}: Image): string[] {
  return Object.keys(properties).filter((key) => key.startsWith('imgmgr_'));
}

function after(live: Image, patch: ImagePatch): Image {
  return applyPatch(live, compact(live, patch));
}

describe('the record of an image', () => {
  it('R16: reads the properties of format 1', () => {
    expect(readStamp(image(OLD))).toMatchObject({
      definition: 'X',
      version: '1',
      state: 'current',
      run: RUN,
      adHoc: true,
    });
    expect(readVerdict(image(OLD))).toMatchObject({kind: 'pass', boot: BOOT, agent: '0.1.0'});
  });

  it.each<[string, ImagePatch]>([
    ['another name', {name: 'X (1)'}],
    ['another state', {set: {imgmgr_state: 'retired'}}],
    ['a property that goes', {remove: ['os_distro']}],
    ['another verdict', {set: {imgmgr_verdict: 'fail'}}],
  ])('R16: folds the properties of format 1 with a change that is due anyway: %s', (_what, patch) => {
    const folded = after(image(OLD), patch);
    expect(keysOf(folded).length).toBeLessThanOrEqual(8);
    expect(folded.properties['imgmgr_schema']).toBe(String(SCHEMA));
    expect(readStamp(folded)).toMatchObject({definition: 'X', version: '1', run: RUN, adHoc: true});
    expect(readVerdict(folded)).toMatchObject({
      kind: 'set' in patch && patch.set['imgmgr_verdict'] ? 'fail' : 'pass',
      boot: BOOT,
    });
    expect(remembered(folded, 'imgmgr_manifest')).toBe(OLD['imgmgr_manifest']);
    expect(isEmptyPatch(compact(folded, patch))).toBe(true);
  });

  it('R16: folding is never a change of its own', () => {
    const live = image(OLD);
    expect(compact(live, {name: 'X', set: {...OLD}, remove: ['gone']})).toEqual({});
  });

  it('R16: what an earlier version writes into an image of format 2 counts, and folds again', () => {
    const folded = after(image(OLD), {name: 'Y'});
    const touched = applyPatch(folded, {set: {imgmgr_verdict: 'fail', imgmgr_run: 'later'}});
    expect(readVerdict(touched)).toMatchObject({kind: 'fail', boot: BOOT});
    expect(readStamp(touched)?.run).toBe('later');
    const again = after(touched, {name: 'Z'});
    expect(keysOf(again).length).toBeLessThanOrEqual(8);
    expect(readVerdict(again)).toMatchObject({kind: 'fail'});
    expect(readStamp(again)?.run).toBe('later');
  });

  it('R16: an image that is not published keeps the properties that an earlier version reads', () => {
    const live = image(describeNew('i', {...OLD, imgmgr_state: 'ready', imgmgr_bytes: 'converted'}), {id: 'i'});
    expect(live.properties).toMatchObject({imgmgr_run: RUN, imgmgr_verdict: 'pass', imgmgr_boot: BOOT});
    expect(readStamp(live)).toMatchObject({bytes: 'converted'});
    const published = after(live, {name: 'P', set: {imgmgr_state: 'current'}});
    expect(keysOf(published).length).toBeLessThanOrEqual(8);
    expect(readStamp(published)).toMatchObject({state: 'current', bytes: 'converted', run: RUN});
    const back = after(published, {set: {...live.properties}, remove: []});
    expect(readStamp(back)).toMatchObject({state: 'ready', bytes: 'converted', run: RUN});
  });

  it('R16: entries of the record that this version does not know are kept', () => {
    const folded = after(image(OLD), {name: 'Y'});
    const known = {...folded.properties, imgmgr_record: `${folded.properties['imgmgr_record'] ?? ''} unknown=a%20b`};
    const changed = after(image(known), {name: 'Z', set: {imgmgr_verdict: 'fail'}});
    expect(changed.properties['imgmgr_record']).toContain('unknown=a%20b');
  });

  it('R16: a PATCH whose answer got lost is recognised as done', () => {
    const live = image(OLD);
    const patch = compact(live, {name: 'Y', set: {imgmgr_state: 'retired'}});
    expect(compact(applyPatch(live, patch), patch)).toEqual({});
    expect(compact(live, patch)).toEqual(patch);
  });

  it('R16: the boot hash is found in the record', () => {
    const folded = after(image(OLD), {name: 'Y'});
    expect(wasBootedAs(folded, {properties: {}, minDisk: 0, minRam: 0})).toBe(false);
  });

  it.each([
    ['3', true],
    ['99', true],
    ['next', true],
    ['', true],
    ['2', false],
    ['1', false],
  ])('R16: imgmgr_schema "%s" is newer: %s', (schema, newer) => {
    expect(isNewerSchema(image({...OLD, imgmgr_schema: schema}))).toBe(newer);
    expect(isNewerSchema(image(OLD))).toBe(false);
  });
});

describe('whose stamp it is', () => {
  const folded = after(image(OLD), {name: 'Y'});

  it.each<[string, Image]>([
    ['a copy of the properties on another image', {...folded, id: 'other'}],
    ['a record cut off by Nova', {...folded, properties: {...folded.properties, imgmgr_record: 'ima'}}],
    ['a record that is gone', {...folded, properties: {...folded.properties, imgmgr_record: ''}}],
    ['a snapshot of a server, format 1', image({...OLD, image_type: 'snapshot'})],
    ['a snapshot of a server that has a volume, format 1', image({...OLD, block_device_mapping: '[{}]'})],
    ['an image with base_image_ref, format 1', image({...OLD, base_image_ref: 'i'})],
    ['an image with instance_uuid, format 1', image({...OLD, instance_uuid: 'i'})],
    ['an image made of a volume: without our tag, format 1', image(OLD, {tags: []})],
  ])('R16: is not ours: %s', (_what, copy) => {
    expect(readStamp(copy)).toBeUndefined();
  });

  it('R16: an image whose record names it is ours, whatever its other properties say', () => {
    expect(readStamp({...folded, tags: [], properties: {...folded.properties, image_type: 'snapshot'}})).toBeDefined();
  });
});
