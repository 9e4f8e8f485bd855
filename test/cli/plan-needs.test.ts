import {afterEach, beforeEach, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
  await table.manage(table.x(['1']));
});
afterEach(async () => table.close());

async function plan(): Promise<string> {
  const images = await table.write(table.x(['2']));
  return (await table.print('dry-run', '--cloud', 'admin', '--images', images)).out;
}

it('dry-run says from where an image is fetched, and who uses the one that is retired, by project', async () => {
  const imageId = String(table.named('X')['id']);
  for (const [id, projectId] of Object.entries({a: 'p1', b: 'p1', c: 'p2'}))
    table.cloud.servers.push({id, name: id, projectId, imageId});
  const out = await plan();
  expect(out).toContain(`from ${table.upstream.url}/x-2.img`);
  expect(out).toContain('used by 3 servers (p1: 2, p2: 1)');
});

it('dry-run says nothing of users where there are none', async () => {
  expect(await plan()).not.toMatch(/used by|not known/);
});

it('dry-run does not fail where Nova does not answer, and says that users are not known', async () => {
  table.cloud.misbehave('unreachableCompute');
  const ran = await table.run('dry-run', table.x(['2']));
  expect([ran.code, ran.errors]).toEqual([3, []]);
  expect(await plan()).toContain('whether servers use it is not known: ');
});
