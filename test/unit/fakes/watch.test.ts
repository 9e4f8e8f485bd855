import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {startFakeCloud} from '../../fakes/fake-cloud.ts';
import type {FakeCloud} from '../../fakes/fake-cloud.ts';
import {shownAs} from '../../fakes/watch.ts';
import {glance} from './client.ts';

let cloud: FakeCloud;

beforeEach(async () => {
  cloud = await startFakeCloud();
});

afterEach(async () => {
  await cloud.close();
});

const patch = (id: string, field: string, value: unknown): Promise<unknown> =>
  glance(cloud, `PATCH /v2/images/${id}`, {json: [{op: 'replace', path: `/${field}`, value}]});

describe('a watch', () => {
  it('records every state that another project could see, in order', async () => {
    const old = cloud.seed({name: 'X'});
    const next = cloud.seed({name: 'X (2)', visibility: 'private'});
    const watch = cloud.watch();
    await patch(next.id, 'name', 'X');
    await patch(next.id, 'visibility', 'public');
    await patch(old.id, 'name', 'X (1)');
    await glance(cloud, `DELETE /v2/images/${old.id}`);
    expect(watch.instants.map((instant) => instant.images.map((view) => view['name']))).toEqual([
      ['X'],
      ['X', 'X'],
      ['X (1)', 'X'],
      ['X'],
    ]);
    expect(watch.instants.map((instant) => shownAs(instant, 'X').length)).toEqual([1, 2, 1, 1]);
  });

  it('keeps what was seen although the image changes later', async () => {
    const {id} = cloud.seed({name: 'X', tags: ['a']});
    const watch = cloud.watch();
    await patch(id, 'tags', ['b']);
    expect(watch.instants.map((instant) => instant.images[0]?.['tags'])).toEqual([['a'], ['b']]);
  });

  it('sees a name that is gone only for an instant', async () => {
    const {id} = cloud.seed({name: 'X'});
    const watch = cloud.watch();
    await patch(id, 'os_hidden', true);
    await patch(id, 'os_hidden', false);
    expect(watch.instants.map((instant) => shownAs(instant, 'X').length)).toEqual([1, 0, 1]);
  });

  it('sees nothing private, unless it looks on as the owner', async () => {
    const [stranger, owner] = [cloud.watch(), cloud.watch(cloud.accounts.admin)];
    await glance(cloud, 'POST /v2/images', {json: {name: 'p', visibility: 'private'}});
    expect([stranger, owner].map((watch) => watch.instants.length)).toEqual([1, 2]);
  });

  it('ends when told so', async () => {
    const watch = cloud.watch();
    watch.stop();
    cloud.seed({});
    expect(watch.instants).toHaveLength(1);
    await Promise.resolve();
  });
});
