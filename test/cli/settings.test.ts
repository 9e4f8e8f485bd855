import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

/** Writes the settings of the user. */
async function settings(text: string): Promise<string> {
  const folder = join(table.folder, '.config', 'imgmgr');
  await mkdir(folder, {recursive: true});
  const path = join(folder, 'imgmgr.yml');
  await writeFile(path, text, {mode: 0o600});
  return path;
}

const tagsOf = (name: string): unknown => table.named(name)['tags'];

it('settings of a cloud hold there, others in general, and the command line goes before both', async () => {
  await settings('tag: general\nclouds: {admin: {tag: of-admin}, local: {tag: of-local}}\n');
  const x = table.x(['1']);
  await table.manage(x);
  expect(tagsOf('X')).toEqual(expect.arrayContaining(['of-admin']));
  expect(tagsOf('X')).not.toContain('general');
  await table.manage(x, '--tag', 'given');
  expect(tagsOf('X')).toEqual(expect.arrayContaining(['given']));
  await settings('tag: general\nclouds: {local: {tag: of-local}}\n');
  await table.manage(x);
  expect(tagsOf('X')).toEqual(expect.arrayContaining(['general']));
  await table.expectQuiet();
});

it('what retires superseded images can be said for one cloud', async () => {
  await settings('clouds: {admin: {hide: true}}\n');
  await table.manage(table.x(['1']));
  await table.manage(table.x(['1', '2']));
  expect(table.show()).toEqual(['X | public | generic', 'X | public | hidden | oldgeneric']);
});

it('definitions of the settings are read where neither flag nor variable names any', async () => {
  await table.write(table.x(['1']));
  await settings('images: ../../images.yml\n');
  const ran = await table.imgmgr('manage', '--cloud', 'admin');
  expect([ran.code, ran.done, ran.warnings]).toEqual([0, ['acquire 1', 'publish 1'], []]);
  // One image of the command line belongs to no definition.
  const one = await table.imgmgr('import', table.serve('9'), '--cloud', 'admin', '--name', 'Y', '--disk-format', 'raw');
  expect(one.code, one.text).toBe(0);
});

it('a plan that settings shape is carried out with the same settings, and refused with others', async () => {
  await settings('latest: true\n');
  const plan = join(table.folder, 'plan.json');
  const images = await table.write(table.x(['1', '2']));
  const made = await table.imgmgr('dry-run', '--cloud', 'admin', '--images', images, '--out', plan);
  expect(made.code, made.text).toBe(3);
  await settings('latest: false\n');
  const refused = await table.imgmgr('manage', '--images', images, '--plan', plan);
  expect([refused.code, refused.done]).toEqual([1, []]);
  await settings('latest: true\n');
  const done = await table.imgmgr('manage', '--images', images, '--plan', plan);
  expect([done.code, done.done], done.text).toEqual([0, ['acquire 2', 'publish 2']]);
});

it('a plan keeps what the command line said against the settings', async () => {
  await settings('latest: true\n');
  const plan = join(table.folder, 'plan.json');
  const images = await table.write(table.x(['1', '2']));
  await table.imgmgr('dry-run', '--cloud', 'admin', '--images', images, '--no-latest', '--out', plan);
  const done = await table.imgmgr('manage', '--images', images, '--plan', plan);
  expect([done.code, done.done], done.text).toEqual([0, ['acquire 1', 'publish 1', 'acquire 2', 'publish 2']]);
});

it('settings that are wrong end any command with exit 2 before the login, in every form, without their secrets', async () => {
  const path = await settings('tag: https://me:hunter2@example.org\njops: 3\n');
  for (const form of [['--json'], ['--format', 'junit'], []]) {
    const {code, out, err} = await table.print('status', '--cloud', 'admin', ...form);
    expect(code).toBe(2);
    expect(out + err).toContain(`${path}:2:1`);
    expect(out + err).toContain('did you mean');
    expect(out + err).not.toContain('hunter2');
  }
  expect(table.cloud.requests).toEqual([]);
});

it('settings that others may write end with exit 2', async () => {
  const path = await settings('jobs: 3\n');
  await chmod(path, 0o666);
  const {code, err} = await table.print('status', '--cloud', 'admin');
  expect(code).toBe(2);
  expect(err).toContain(`other users could change the settings file ${path}`);
});
