import {expect, it} from 'vitest';
import {dryRun} from '../../../src/app/dry-run.ts';
import type {ManageRequest} from '../../../src/app/manage.ts';
import {manage} from '../../../src/app/manage.ts';
import type {PlanFile} from '../../../src/core/plan/plan-file.ts';
import {definition, version} from '../core/plan/plan-world.ts';
import {UNTESTED, appWorld} from './app-world.ts';

const REQUEST: ManageRequest = {
  clouds: [],
  definitions: {images: [], force: false},
  run: {jobs: 1},
  acquire: {
    ...{latest: false, replace: false, adopt: false, publish: true, wait: true},
    ...{stuckRetry: 0, importTimeoutMs: 60_000, method: 'upload'},
  },
  tests: UNTESTED,
  retire: {hide: false, deactivate: false, delete: false, keep: false, forceState: false},
  deletion: {yes: false, maxDelete: 20, deleteInUse: false, includeNone: false},
};

/** Two clouds, and the plan of a dry run on both. */
async function planned() {
  const world = appWorld([definition([version('1')], {name: 'X'})], ['a', 'b']);
  world.source.files.set('https://example.test/1.qcow2', Buffer.from('the bytes of version 1'));
  const kept: PlanFile[] = [];
  const files = {
    ...world.ports.files,
    planOutput: () => Promise.resolve((plan: PlanFile) => Promise.resolve(void kept.push(plan))),
  };
  const request = {...REQUEST, out: {path: 'p.json', flags: []}};
  await world.outcomes(dryRun(request, {...world.ports, files}, world.emit));
  const [plan] = kept;
  if (!plan) throw new Error('no plan was written');
  const writes = (name: string): readonly string[] =>
    world.cloud(name).store.calls.filter((call) => !/^(?:list|names|get)/.test(call));
  return {...world, plan, writes};
}

it('does what the plan lists on every cloud', async () => {
  const {plan, ports, emit, outcomes} = await planned();
  expect(plan.clouds.map(({cloud}) => cloud)).toEqual(['a', 'b']);
  const done = await outcomes(manage({...REQUEST, approved: {path: 'p.json', plan}}, ports, emit));
  expect(done.map(({cloud, counts, errors}) => [cloud, counts.imported, errors])).toEqual([
    ['a', 1, []],
    ['b', 1, []],
  ]);
});

it('writes nothing on any cloud where the last one differs from the plan', async () => {
  const {plan, ports, emit, outcomes, writes} = await planned();
  await outcomes(manage({...REQUEST, clouds: ['b']}, ports, emit));
  const done = await outcomes(manage({...REQUEST, approved: {path: 'p.json', plan}}, ports, emit));
  expect(done.map(({cloud, errors}) => [cloud, errors.map(({code}) => code)])).toEqual([
    ['a', []],
    ['b', ['CONFLICT']],
  ]);
  expect(writes('a')).toEqual([]);
});
