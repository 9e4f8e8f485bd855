import {expect, it} from 'vitest';
import type {VerifyRequest} from '../../../src/app/verify.ts';
import {verify} from '../../../src/app/verify.ts';
import type {NewImage} from '../../../src/core/image/image.ts';
import {goodReport} from '../../fakes/test-servers.ts';
import {definition} from '../core/plan/plan-world.ts';
import {BOOT, appWorld} from './app-world.ts';

const REQUEST: VerifyRequest = {
  clouds: [],
  targets: [],
  definitions: {images: [], force: false},
  run: {jobs: 1},
  boot: BOOT,
  deep: false,
  presence: false,
  looseImage: {minDiskGib: 0, minRamMib: 0, properties: {}},
};

/** A cloud with one image called Debian, which is nobody's in particular. */
async function world() {
  const made = appWorld([definition([], {name: 'Debian'})]);
  const {store, servers} = made.cloud('a');
  const image: NewImage = {name: 'Debian', osHidden: false, tags: [], diskFormat: 'raw', properties: {}};
  await store.create(image);
  return {...made, store, servers};
}

it('boots the image that is named, says its verdict, and leaves no server', async () => {
  const {ports, emit, outcomes, servers, events, writing} = await world();
  const [outcome] = await outcomes(verify({...REQUEST, targets: ['Debian']}, ports, emit));
  expect(outcome).toMatchObject({cloud: 'a', counts: {passed: 1, failed: 0}, errors: []});
  expect([servers.requests.length, servers.alive.size, writing()]).toEqual([1, 0, 0]);
  expect(events.find(({type}) => type === 'verdict')).toMatchObject({definition: 'Debian'});
});

it('fails for an image whose guest reports a failed check', async () => {
  const {ports, emit, outcomes, servers} = await world();
  servers.guest = ({server, ticket}) => ticket.hear(goodReport(server.id, ['machine-id']));
  const [outcome] = await outcomes(verify({...REQUEST, targets: ['Debian']}, ports, emit));
  expect(outcome).toMatchObject({counts: {passed: 0, failed: 1}, errors: [{code: 'VERIFICATION'}]});
});

it('says which name leads to no image', async () => {
  const {ports, emit, outcomes, servers} = await world();
  const [outcome] = await outcomes(verify({...REQUEST, targets: ['Fedora']}, ports, emit));
  expect(outcome).toMatchObject({errors: [{code: 'NOT_FOUND', message: 'there is no image "Fedora" on a'}]});
  expect(servers.requests).toEqual([]);
});

it('takes the current images of the definitions where nothing is named, and warns where there are none', async () => {
  const {ports, emit, outcomes, servers, events} = await world();
  await outcomes(verify(REQUEST, ports, emit));
  expect(events.filter(({type}) => type === 'warning')).toMatchObject([{code: 'nothing-to-verify'}]);
  expect(servers.requests).toEqual([]);
});

it.each<[string, Partial<VerifyRequest>, string]>([
  ['on a cloud', {clouds: ['a']}, './disk.raw is a local file, which is verified on this host, not on a'],
  ['without booting it', {deep: true}, '--deep reads images of a cloud, and ./disk.raw is a local file'],
])('refuses to verify a local file %s', async (_, asked, message) => {
  const {ports, emit, outcomes, events} = await world();
  const refused = verify({...REQUEST, targets: ['./disk.raw'], ...asked}, ports, emit);
  await expect(outcomes(refused)).rejects.toMatchObject({code: 'USAGE', message});
  expect(events).toEqual([]);
});

it('takes a name for a file where a file of that name is here', async () => {
  const {ports, emit, outcomes, files} = await world();
  files['disk.raw'] = 'file';
  const refused = verify({...REQUEST, targets: ['disk.raw'], clouds: ['a']}, ports, emit);
  await expect(outcomes(refused)).rejects.toMatchObject({code: 'USAGE'});
});
