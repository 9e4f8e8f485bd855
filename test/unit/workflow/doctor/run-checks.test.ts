import {expect, it} from 'vitest';
import {well} from '../../../../src/core/doctor.ts';
import type {Diagnosis} from '../../../../src/core/doctor.ts';
import {ImgmgrError} from '../../../../src/errors.ts';
import {runChecks} from '../../../../src/workflow/doctor/run-checks.ts';
import type {Check} from '../../../../src/ports/doctor.ts';

interface Ran {
  readonly found: readonly {readonly id: string; readonly found: Diagnosis}[];
}

async function run(checks: readonly Check[], {late = false, signal = new AbortController().signal} = {}): Promise<Ran> {
  const sleep = (_: number, ends?: AbortSignal): Promise<void> =>
    late
      ? Promise.resolve()
      : new Promise((_resolve, reject) => ends?.addEventListener('abort', () => reject(new Error('ended'))));
  const found: {readonly id: string; readonly found: Diagnosis}[] = [];
  for await (const one of runChecks(checks, {runtime: {sleep}, signal, limitMs: 30_000})) found.push(one);
  return {found};
}

const never = (): Promise<Diagnosis> => new Promise(() => undefined);

it('checks begin at once and are given in their order', async () => {
  const order: string[] = [];
  let release = (): void => undefined;
  const first = new Promise<void>((resolve) => (release = resolve));
  const ran = await run([
    {id: 'a', look: async () => (await first, order.push('a'), well('a'))},
    {id: 'b', look: async () => (order.push('b'), release(), Promise.resolve(well('b')))},
  ]);
  expect(order).toEqual(['b', 'a']);
  expect(ran.found.map(({id}) => id)).toEqual(['a', 'b']);
});

it('what a check throws is its failure, with its code, and the others go on', async () => {
  const fault = new ImgmgrError('FORBIDDEN', 'may not', {hint: 'ask', place: 'GET /x'});
  const {found} = await run([
    {id: 'a', look: () => Promise.reject(fault)},
    {id: 'b', look: () => Promise.reject(new Error('a bug'))},
    {id: 'c', look: () => Promise.resolve(well('fine'))},
  ]);
  expect(found).toEqual([
    {id: 'a', found: {health: 'fail', fact: 'may not', remedy: 'ask', place: 'GET /x', code: 'FORBIDDEN'}},
    {id: 'b', found: {health: 'fail', fact: 'a bug', code: 'INTERNAL'}},
    {id: 'c', found: {health: 'ok', fact: 'fine'}},
  ]);
});

it('a check that does not end is a failure after its time', async () => {
  const {found} = await run([{id: 'a', look: never}], {late: true});
  expect(found).toMatchObject([{id: 'a', found: {health: 'fail', code: 'TIMEOUT', fact: 'no answer within 30 s'}}]);
});

it('an interruption ends checks that do not end', async () => {
  const abort = new AbortController();
  const running = run([{id: 'a', look: never}], {signal: abort.signal});
  const reason = new ImgmgrError('INTERRUPTED', 'interrupted');
  abort.abort(reason);
  await expect(running).rejects.toThrow();
  await expect(run([{id: 'a', look: never}], {signal: abort.signal})).rejects.toBe(reason);
});
