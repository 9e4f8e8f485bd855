import {describe, expect, test} from 'vitest';
import type {ImageStatus} from '../../../../src/core/image/image.ts';
import {judgeImage, judgeWithTasks} from '../../../../src/openstack/glance/import-state.ts';
import type {ImportTask} from '../../../../src/openstack/glance/schema.ts';
import {imageOf} from './image.ts';

const LOCK = {os_glance_import_task: 't1'};
const FAILED = {os_glance_failed_import: 'fast', os_glance_importing_to_stores: ''};

function task(status: ImportTask['status'], change: Partial<ImportTask> = {}): ImportTask {
  return {id: 't1', type: 'api_image_import', status, message: '', created_at: '2026-01-31T10:00:00', ...change};
}

describe('the image alone', () => {
  test.each<[ImageStatus, Record<string, string>, string[], string]>([
    ['active', {}, [], 'done'],
    ['active', {}, ['file'], 'done'],
    ['active', {}, ['file', 'fast'], 'ask-tasks'],
    ['active', LOCK, [], 'ask-tasks'],
    ['deactivated', {}, ['file'], 'done'],
    ['queued', FAILED, [], 'failed'],
    ['queued', {...FAILED, ...LOCK}, [], 'ask-tasks'],
    ['queued', LOCK, [], 'ask-tasks'],
    ['queued', {}, [], 'ask-tasks'],
    ['importing', LOCK, [], 'ask-tasks'],
    ['uploading', {}, [], 'ask-tasks'],
    ['saving', {}, [], 'running'],
    ['killed', {}, [], 'failed'],
    ['deleted', {}, [], 'gone'],
    ['pending_delete', {}, [], 'gone'],
  ])('%s with %j for %j is %s', (status, properties, stores, kind) => {
    expect(judgeImage(imageOf({status, properties}), stores).kind).toBe(kind);
  });
});

describe('with its tasks', () => {
  test('a running one means running, and tells how far it is', () => {
    const image = imageOf({status: 'importing', properties: LOCK});
    expect(judgeWithTasks(image, [], [task('processing', {message: 'Copied 12 MiB'})])).toEqual({
      kind: 'running',
      image,
      bytes: 12 * 1024 * 1024,
    });
    expect(judgeWithTasks(image, [], [task('pending')]).kind).toBe('running');
  });

  test('a failed one is the reason, wherever the record stands', () => {
    for (const status of ['queued', 'importing', 'uploading'] as const) {
      const state = judgeWithTasks(imageOf({status, properties: LOCK}), [], [task('failure', {message: 'no route'})]);
      expect(state).toMatchObject({kind: 'failed', reason: `status ${status}: no route`});
    }
    const reported = judgeWithTasks(
      imageOf({status: 'queued', properties: FAILED}),
      [],
      [task('failure', {message: 'no route'})],
    );
    expect(reported).toMatchObject({
      kind: 'failed',
      reason: 'the import into fast failed: no route',
      failedStores: ['fast'],
    });
  });

  test('the task that the image names counts, else the newest', () => {
    const older = task('failure', {id: 't0', created_at: '2026-01-31T09:00:00'});
    const newer = task('processing', {id: 't2', created_at: '2026-01-31T11:00:00'});
    expect(judgeWithTasks(imageOf({status: 'queued'}), [], [newer, older]).kind).toBe('running');
    expect(
      judgeWithTasks(imageOf({status: 'queued', properties: {os_glance_import_task: 't0'}}), [], [newer, older]).kind,
    ).toBe('failed');
  });

  test('active with the task at its end is done, though the image still names it', () => {
    expect(judgeWithTasks(imageOf({properties: LOCK}), ['file'], [task('success')]).kind).toBe('done');
  });

  test('active without a demanded store, and nothing under way, has failed', () => {
    expect(judgeWithTasks(imageOf({properties: FAILED}), ['file', 'fast'], [task('success')])).toMatchObject({
      kind: 'failed',
      reason: 'it is not in fast',
      failedStores: ['fast'],
    });
    expect(judgeWithTasks(imageOf(), ['file', 'fast'], [])).toMatchObject({kind: 'failed', failedStores: ['fast']});
    expect(judgeWithTasks(imageOf({properties: LOCK}), ['fast'], [task('processing')]).kind).toBe('running');
  });

  test('a record that nothing works on has failed', () => {
    expect(judgeWithTasks(imageOf({status: 'queued'}), [], [])).toMatchObject({
      kind: 'failed',
      reason: 'nothing is importing it (status queued)',
    });
  });

  test('a Glance without tasks: what stands on the image must do', () => {
    expect(judgeWithTasks(imageOf({status: 'importing'}), [], undefined).kind).toBe('running');
    expect(judgeWithTasks(imageOf({properties: FAILED}), ['file', 'fast'], undefined)).toMatchObject({
      kind: 'failed',
      failedStores: ['fast'],
    });
    expect(
      judgeWithTasks(imageOf({properties: {os_glance_importing_to_stores: 'fast'}}), ['fast'], undefined).kind,
    ).toBe('running');
    expect(judgeWithTasks(imageOf({status: 'queued', properties: FAILED}), [], undefined).kind).toBe('failed');
  });
});
