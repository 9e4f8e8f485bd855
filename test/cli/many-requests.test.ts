import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterEach, beforeEach, expect, it} from 'vitest';
import type {Desk} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

const CHILD = fileURLToPath(new URL('many-requests-child.ts', import.meta.url));

/** Modules are loaded and caches filled by then. */
const WARM_UP = 50;
const REQUESTS = 200;

interface Standing {
  readonly heap: number;
  readonly resources: readonly string[];
  readonly listeners: number;
  readonly files: number;
}

let desk: Desk;
beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => desk.close());

interface Answered {
  /** Actions of all requests. */
  readonly pending: number;
  readonly before: Standing;
  readonly after: Standing;
}

/** A process that answers so many requests after having warmed up. */
async function answer(warmUp: number, requests: number, end: 'closed' | 'left-open'): Promise<Answered> {
  await desk.write(yaml([listed('1', `${desk.upstream.url}/x.raw`)]));
  const argv = [desk.folder, join(desk.folder, 'clouds.yaml'), `${warmUp}`, `${requests}`, end];
  const own = {extendEnv: false, env: {PATH: process.env['PATH'] ?? ''}};
  const {stdout} = await execa(process.execPath, ['--expose-gc', CHILD, ...argv], own);
  return JSON.parse(stdout) as Answered;
}

it('200 reading requests in one process leave no listener, timer or handle, and a heap that is flat within 5 %', async () => {
  const {pending, before, after} = await answer(WARM_UP, REQUESTS, 'closed');
  expect(pending).toBe((WARM_UP + REQUESTS) * 2);
  expect(after.resources).toEqual(before.resources);
  expect(after.files).toBe(before.files);
  expect(after.listeners).toBe(before.listeners);
  expect(after.heap / before.heap).toBeLessThan(1.05);
});

it('a request that leaves its connections open is noticed by its sockets', async () => {
  const {before, after} = await answer(1, 5, 'left-open');
  expect(after.files).toBeGreaterThan(before.files);
});
