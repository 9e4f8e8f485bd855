import {expect, it} from 'vitest';
import {createEventBus} from '../../../src/core/event-bus.ts';
import type {Sink} from '../../../src/core/events.ts';
import {dryRun} from '../../../src/app/dry-run.ts';
import type {ManageRequest} from '../../../src/app/manage.ts';
import {manage} from '../../../src/app/manage.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {goodReport} from '../../fakes/test-servers.ts';
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

const X = definition([version('1')], {name: 'X'});

function world(names?: readonly string[]) {
  const made = appWorld([X, definition([version('1')], {name: 'Off', enabled: false})], names);
  made.source.files.set('https://example.test/1.qcow2', Buffer.from('the bytes of version 1'));
  return made;
}

it('acquires and publishes what the definitions want, on each cloud in the order of the request', async () => {
  const {ports, emit, outcomes, cloud, events, writing} = world(['a', 'b']);
  const done = await outcomes(manage({...REQUEST, clouds: ['b', 'a']}, ports, emit));
  expect(done.map((one) => [one.cloud, one.counts.imported, one.errors])).toEqual([
    ['b', 1, []],
    ['a', 1, []],
  ]);
  expect([...cloud('a').store.images.values()]).toMatchObject([{name: 'X', visibility: 'public', status: 'active'}]);
  expect(events[0]).toMatchObject({type: 'started', command: 'manage', clouds: ['b', 'a'], disabled: 1});
  expect(writing()).toBe(0);
});

it('writes nothing when it is asked again', async () => {
  const {ports, emit, outcomes, cloud} = world();
  await outcomes(manage(REQUEST, ports, emit));
  const {store} = cloud('a');
  const before = store.calls.length;
  const [again] = await outcomes(manage(REQUEST, ports, emit));
  expect(again).toMatchObject({counts: {unchanged: 1, imported: 0}, errors: []});
  expect(store.calls.slice(before).filter((call) => !/^(?:list|names|get)/.test(call))).toEqual([]);
});

it('leaves the failure of one cloud to that cloud', async () => {
  const {ports, emit, outcomes, cloud, events} = world(['a', 'b']);
  cloud('a').fault = new ImgmgrError('AUTH', 'a refuses the login');
  const done = await outcomes(manage(REQUEST, ports, emit));
  expect(done.map(({errors, counts}) => [errors.map(({code}) => code), counts.imported])).toEqual([
    [['AUTH'], 0],
    [[], 1],
  ]);
  expect(events.filter(({type}) => type === 'cloud-failed')).toMatchObject([{cloud: 'a', error: {code: 'AUTH'}}]);
});

it('publishes what passed its test, and nothing else', async () => {
  const {ports, emit, outcomes, cloud} = world(['a']);
  const {store, servers} = cloud('a');
  const tested = {...REQUEST, tests: {...UNTESTED, verify: true}};
  servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id, ['machine-id']));
  const [failed] = await outcomes(manage(tested, ports, emit));
  expect(failed).toMatchObject({counts: {imported: 0, quarantined: 1}, errors: [{code: 'VERIFICATION'}]});
  expect([...store.images.values()].map(({visibility, osHidden}) => [visibility, osHidden])).toEqual([
    ['private', true],
  ]);
});

it('warns where every chosen definition is disabled', async () => {
  const {ports, emit, outcomes, events} = world();
  await outcomes(manage({...REQUEST, definitions: {images: [], force: false, filter: ['Off']}}, ports, emit));
  expect(events.filter(({type}) => type === 'warning')).toMatchObject([{code: 'no-definitions-enabled'}]);
});

it('ends before the next cloud when it is interrupted', async () => {
  const {ports, emit, outcomes, abort, cloud} = world(['a', 'b']);
  const interrupted = manage(REQUEST, ports, (event) => {
    emit(event);
    if (event.type === 'action-done' && event.action.kind === 'publish')
      abort.abort(new ImgmgrError('INTERRUPTED', 'by the operator'));
  });
  await expect(outcomes(interrupted)).rejects.toMatchObject({code: 'INTERRUPTED'});
  expect(cloud('b').store.images.size).toBe(0);
});

it('is only planned by dry-run, with the same request', async () => {
  const {ports, emit, outcomes, cloud, events} = world();
  const [outcome] = await outcomes(dryRun(REQUEST, ports, emit));
  expect(outcome).toMatchObject({changesPending: true, errors: []});
  expect(cloud('a').store.images.size).toBe(0);
  expect(events[0]).toMatchObject({type: 'started', command: 'dry-run'});
});

it.each<[string, Sink]>([
  [
    'throws at every event',
    () => {
      throw new Error('disk full');
    },
  ],
  ['rejects at every event', () => Promise.reject(new Error('no connection'))],
  ['never ends', () => new Promise<void>(() => undefined)],
])('does the same, and says the same to everybody else, when a sink %s', async (_, sink) => {
  const quiet = world();
  const expected = await quiet.outcomes(manage(REQUEST, quiet.ports, quiet.emit));
  const made = world();
  const {run, now} = made.ports;
  const bus = createEventBus({run, now, scrub: (event) => event, onFailure: () => undefined});
  bus.subscribe('broken', sink);
  bus.subscribe('others', ({event}) => made.emit(event));
  expect(await made.outcomes(manage(REQUEST, made.ports, bus.emit))).toEqual(expected);
  expect(made.cloud('a').store.calls).toEqual(quiet.cloud('a').store.calls);
  expect(made.events).toEqual(quiet.events);
});
