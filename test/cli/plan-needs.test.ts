import {createHash} from 'node:crypto';
import {writeFileSync} from 'node:fs';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import {listed} from './operator.ts';
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

it('dry-run says what the plan takes: images of unknown size, test boots', async () => {
  const images = await table.write(table.x(['1', '2']));
  const argv = ['--cloud', 'admin', '--images', images, '--profile', 'openstack'];
  expect((await table.print('dry-run', ...argv)).out).toContain('  takes 1 image to transfer (1 of unknown size)\n');
  expect((await table.print('dry-run', ...argv, '--no-publish')).out).toContain('  takes 1 image to transfer');
});

it('dry-run says how many bytes a latest version has, without a question of its own, and those of copies', async () => {
  const url = table.serve('9');
  table.upstream.put('/SUMS', Buffer.from(`${table.upstream.digest('/x-9.img')}  x-9.img\n`));
  const images = await table.write(
    table.x([listed('latest', url, {checksums_url: `${table.upstream.url}/SUMS`})], {name: 'L'}),
  );
  const argv = ['dry-run', '--cloud', 'admin', '--images', images];
  const asked = (): number => table.upstream.requests.length;
  const before = asked();
  const {out} = await table.print(...argv);
  expect(out).toContain('  takes 1 image to transfer (49 KiB)\n');
  expect(out).toContain(`from ${url}, 49 KiB`);
  // The list of digests, and the look that `latest` is labelled by.
  expect(asked() - before).toBe(2);
  const ran = await table.imgmgr(...argv);
  const planned = ran.lines.find(({type}) => type === 'planned');
  expect(planned).toMatchObject({costs: {transfers: 1, bytes: 50_000, unknown: 0, boots: 0}});
  const copied = await table.write(table.x(['1'], {stores: '[file, fast]'}));
  const copy = await table.print('dry-run', '--cloud', 'admin', '--images', copied);
  expect(copy.out).toContain('  takes 1 image to transfer (49 KiB)\n');
});

it('dry-run says how many bytes a local file has; none where it cannot be read, which the import reports', async () => {
  const bytes = Buffer.alloc(70_000, 7);
  writeFileSync(join(dirname(await table.write('')), 'disk.img'), bytes);
  const checksum = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const local = async (url: string): Promise<string> =>
    table.write(table.x([listed('9', url, {checksum})], {name: 'L', format: 'raw'}));
  const argv = async (url: string): Promise<string[]> => ['--cloud', 'admin', '--images', await local(url)];
  expect((await table.print('dry-run', ...(await argv('file:disk.img')))).out).toContain(
    '  takes 1 image to transfer (68 KiB)\n',
  );
  const gone = await argv('file:gone.img');
  expect((await table.print('dry-run', ...gone)).out).toContain('  takes 1 image to transfer (1 of unknown size)\n');
  const ran = await table.imgmgr('manage', ...gone);
  expect([ran.code, JSON.stringify(ran.lines)]).toEqual([1, expect.stringContaining('gone.img')]);
});

it('dry-run says who uses an image that another name or visibility is given, and asks once for each', async () => {
  const imageId = String(table.named('X')['id']);
  table.cloud.servers.push({id: 'a', name: 'a', projectId: 'p1', imageId});
  const images = await table.write(table.x(['1'], {visibility: 'community'}));
  const ran = await table.imgmgr('dry-run', '--cloud', 'admin', '--images', images);
  const planned = ran.lines.find(({type}) => type === 'planned');
  expect(planned).toMatchObject({
    actions: [{kind: 'update'}],
    users: [{image: imageId, count: 1, projects: [{projectId: 'p1', count: 1}]}],
  });
});

it('dry-run asks Nova for nobody where no name, visibility or state changes', async () => {
  const images = await table.write(table.x(['1'], {min_ram: '256'}));
  table.cloud.clearLog();
  const ran = await table.imgmgr('dry-run', '--cloud', 'admin', '--images', images);
  expect(ran.lines.find(({type}) => type === 'planned')).toMatchObject({actions: [{kind: 'update'}]});
  expect(table.cloud.requests.filter(({service}) => service === 'compute')).toEqual([]);
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
