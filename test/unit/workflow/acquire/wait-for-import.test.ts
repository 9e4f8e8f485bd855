import {describe, expect, it} from 'vitest';
import type {ImageStore, ImportState} from '../../../../src/ports/image-store.ts';
import type {Image} from '../../../../src/core/image/image.ts';
import type {ImportWait} from '../../../../src/workflow/acquire/wait-for-import.ts';
import {waitForImport} from '../../../../src/workflow/acquire/wait-for-import.ts';

const MINUTE = 60_000;

/** A wait in which every pause takes no time; `look` and `live` tell the status at a time. */
function waiting(look: (ms: number) => ImportState, live: (ms: number) => string): ImportWait & {now: () => number} {
  let nowMs = 0;
  const store = {
    cloud: 'c',
    importState: async () => Promise.resolve(look(nowMs)),
    get: async () => Promise.resolve(image(live(nowMs))),
  } as unknown as ImageStore;
  const runtime = {
    monotonic: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms;
      return Promise.resolve();
    },
  } as unknown as ImportWait['runtime'];
  return {
    ...{store, runtime, id: 'i', stores: [], definition: 'X', version: '1', bytes: undefined},
    ...{deadlineMs: 30 * MINUTE, phase: 'importing', emit: () => undefined, signal: new AbortController().signal},
    now: () => nowMs,
  };
}

function image(status: string): Image {
  return {id: 'i', status} as unknown as Image;
}

const running = (status: string): ImportState => ({kind: 'running', image: image(status)});

describe('an import that does not begin', () => {
  it('is given up soon after its limit', async () => {
    const wait = waiting(
      () => running('queued'),
      () => 'queued',
    );
    await expect(waitForImport({...wait, stuckMs: MINUTE})).rejects.toMatchObject({code: 'TIMEOUT'});
    expect(wait.now()).toBeGreaterThan(MINUTE);
    expect(wait.now()).toBeLessThan(MINUTE + 5_000);
  });

  it('is waited for to the deadline where no limit was given', async () => {
    const wait = waiting(
      () => running('queued'),
      () => 'queued',
    );
    await expect(waitForImport(wait)).rejects.toMatchObject({code: 'TIMEOUT'});
    expect(wait.now()).toBeGreaterThan(30 * MINUTE);
  });
});

describe('an import that has begun', () => {
  it('is waited for beyond that limit, also when looks still remember it as queued', async () => {
    const wait = waiting(
      (ms) => (ms > 10 * MINUTE ? {kind: 'done', image: image('active')} : running('queued')),
      (ms) => (ms > MINUTE / 2 ? 'importing' : 'queued'),
    );
    await expect(waitForImport({...wait, stuckMs: MINUTE})).resolves.toMatchObject({status: 'active'});
  });
});
