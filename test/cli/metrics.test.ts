import {mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterAll, beforeAll, beforeEach, describe, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
let folder = '';

beforeAll(async () => {
  table = await openTable();
  folder = join(table.folder, 'metrics');
});
beforeEach(async () => {
  for (const {id} of table.cloud.images.all()) table.cloud.images.remove(id, 'test');
  table.cloud.clearLog();
  await rm(folder, {recursive: true, force: true});
  await mkdir(folder);
});
afterAll(async () => table.close());

const DIR = (): readonly string[] => ['--metrics-dir', folder];

/** The samples of the file of the cloud `admin`, without cloud and image id, by what they are called. */
async function metrics(file = 'imgmgr-admin.prom'): Promise<Readonly<Record<string, string>>> {
  const lines = (await readFile(join(folder, file), 'utf8')).split('\n');
  return Object.fromEntries(
    lines.flatMap((line) => {
      const [, series, value = ''] = /^imgmgr_(.*) (\S+)$/.exec(line) ?? [];
      return series === undefined
        ? []
        : [
            [
              series
                .replace(/(cloud|image_id)="[^"]*",?/g, '')
                .replace(/,?\}$/, '}')
                .replace('{}', ''),
              value,
            ],
          ];
    }),
  );
}

/** The clock of these runs stands at 2026-01-31 16:44:45 UTC. */
const NOW = String(Date.parse('2026-01-31T16:44:45Z') / 1000);

describe('--metrics-dir', () => {
  it('writes what manage did and left behind: one file for the cloud, one for what is of no cloud', async () => {
    const ran = await table.manage(table.x(['1', '2']), ...DIR());
    expect([ran.code, ran.warnings]).toEqual([0, []]);
    expect((await readdir(folder)).sort()).toEqual(['imgmgr-admin.prom', 'imgmgr.prom']);
    expect(await readFile(join(folder, 'imgmgr.prom'), 'utf8')).toMatch(/^imgmgr_build_info\{version="\d[^"]*"\} 1$/m);
    expect(await metrics()).toMatchObject({
      'image_info{definition="X",version="2"}': '1',
      'image_published_timestamp_seconds{definition="X",version="2"}': expect.stringMatching(/^\d{10}$/) as string,
      'wanted_missing{definition="X"}': '0',
      'images{state="current"}': '1',
      'images{state="retired"}': '1',
      'images{state="quarantined"}': '0',
      'findings{profile="scs-v1",severity="error"}': expect.stringMatching(/^[1-9]$/) as string,
      'image_red_timestamp_seconds{definition="X",version="2",profile="scs-v1",by="you"}': NOW,
      'run_timestamp_seconds{verb="manage"}': NOW,
      'run_success_timestamp_seconds{verb="manage"}': NOW,
      'run_exit_code{verb="manage"}': '0',
      observed_timestamp_seconds: NOW,
    });
  });

  it('costs a run one listing, of shown and of hidden images, and a run without it nothing', async () => {
    await table.manage(table.x(['1']));
    const requests = async (...flags: readonly string[]): Promise<number> => {
      table.cloud.clearLog();
      await table.manage(table.x(['1']), ...flags);
      return table.cloud.requests.length;
    };
    const without = await requests();
    expect(await requests(...DIR())).toBe(without + 2);
    expect(await requests()).toBe(without);
  });

  it('shows what the run left, not what it found, and of the whole cloud also with --filter', async () => {
    const y = table.x(['1'], {name: 'Y'});
    await table.manage([table.x(['1']), y], '--filter', 'X', ...DIR());
    expect(await metrics()).toMatchObject({
      'image_info{definition="X",version="1"}': '1',
      'wanted_missing{definition="X"}': '0',
      'wanted_missing{definition="Y"}': '1',
    });
    await table.manage([table.x(['1']), y], '--filter', 'Y', ...DIR());
    expect(await metrics()).toMatchObject({'wanted_missing{definition="Y"}': '0', 'images{state="current"}': '2'});
  });

  it('tells the same by status as by manage, each with the end of its own runs', async () => {
    await table.manage(table.x(['1']), ...DIR());
    const before = await metrics();
    await table.run('status', table.x(['1']), 'X', '--due-within', '400d', ...DIR());
    const after = await metrics();
    expect(after).toMatchObject({
      'run_exit_code{verb="status"}': '3',
      'run_success_timestamp_seconds{verb="status"}': NOW,
    });
    const others = Object.entries(after).filter(([series]) => !series.includes('verb="status"'));
    expect(Object.fromEntries(others)).toEqual(before);
  });

  it('keeps what was seen, when, and when a run last did its work where the login fails', async () => {
    await table.manage(table.x(['1']), ...DIR());
    const before = await metrics();
    const wrong = table.cloud.cloudsYaml().replaceAll(table.cloud.accounts.admin.password, 'wrong');
    await table.writeClouds(wrong);
    const ran = await table.manage(table.x(['1']), ...DIR());
    await table.writeClouds(table.cloud.cloudsYaml());
    expect([ran.code, ran.warnings]).toEqual([4, []]);
    const {
      'run_exit_code{verb="manage"}': exitCode,
      'run_duration_seconds{verb="manage"}': took,
      ...rest
    } = await metrics();
    const {'run_exit_code{verb="manage"}': zero, 'run_duration_seconds{verb="manage"}': first, ...kept} = before;
    expect([exitCode, zero, took === undefined, first === undefined]).toEqual(['4', '0', false, false]);
    expect(rest).toEqual(kept);
  });

  it('shows a run that ended before it came to its clouds, where the command line names them', async () => {
    const ran = await table.run('manage', 'images: 7', ...DIR());
    expect(ran.code).toBe(2);
    expect(await metrics()).toMatchObject({'run_exit_code{verb="manage"}': '2'});
    expect(await metrics()).not.toHaveProperty('run_success_timestamp_seconds{verb="manage"}');
    expect(await metrics()).not.toHaveProperty('observed_timestamp_seconds');
  });

  it('shows a hold when it is set, and not when it is lifted', async () => {
    await table.manage(table.x(['1']), ...DIR());
    await table.imgmgr('hold', 'X', '--cloud', 'admin', '--until', '2026-12-24', ...DIR());
    const series = 'hold_until_timestamp_seconds{definition="X"}';
    const end = String(Date.parse('2026-12-25T00:00:00Z') / 1000);
    expect(await metrics()).toMatchObject({[series]: end, 'run_exit_code{verb="hold"}': '0'});
    await table.manage(table.x(['1']), ...DIR());
    expect(await metrics()).toMatchObject({[series]: end});
    await table.imgmgr('hold', '--all', '--cloud', 'admin', '--until', '2026-12-24', ...DIR());
    await table.imgmgr('unhold', 'X', '--cloud', 'admin', ...DIR());
    const now = await metrics();
    expect(now).not.toHaveProperty([series]);
    expect(now).toMatchObject({hold_until_timestamp_seconds: end});
  });

  it('shows what a rollback left, and what delete deleted', async () => {
    await table.manage(table.x(['1', '2'], {}, {uuid_validity: 'none'}), ...DIR());
    await table.run('rollback', table.x(['1', '2']), 'X', '--reason', 'bad', '--yes', '--no-verify', ...DIR());
    expect(await metrics()).toMatchObject({
      'image_info{definition="X",version="1"}': '1',
      'run_exit_code{verb="rollback"}': '0',
    });
    await table.run('delete', table.x(['1']), '--yes', ...DIR());
    expect(await metrics()).toMatchObject({'run_exit_code{verb="delete"}': '0'});
  });

  it('writes nothing in a dry run', async () => {
    for (const argv of [['dry-run'], ['manage', '--dry-run']])
      expect((await table.run(argv[0] ?? '', table.x(['1']), ...argv.slice(1), ...DIR())).code).toBe(3);
    expect(await readdir(folder)).toEqual([]);
  });

  it('is one warning where the folder is not there, and changes no exit code', async () => {
    const ran = await table.manage(table.x(['1']), '--metrics-dir', join(folder, 'missing'));
    expect([ran.code, ran.warnings]).toEqual([0, ['metrics-not-written']]);
    expect(ran.text).toContain(
      `the metrics of admin are not up to date: the folder ${join(folder, 'missing')} is not there`,
    );
  });

  it('is one warning where the cloud cannot be looked at afterwards; the end of the run is written all the same', async () => {
    await table.manage(table.x(['1']));
    const misdeed = table.cloud.misbehave('htmlInsteadOfJson', {after: 2, times: Infinity});
    const ran = await table.manage(table.x(['1']), ...DIR());
    misdeed.stop();
    expect([ran.code, ran.warnings]).toEqual([0, ['metrics-not-written']]);
    expect(await metrics()).not.toHaveProperty('observed_timestamp_seconds');
    expect(await metrics()).toMatchObject({'run_exit_code{verb="manage"}': '0'});
  });

  it('holds no secret, and takes hostile names for what they are', async () => {
    const name = 'a"} 1\\n# TYPE $(id) `x` é';
    await table.manage(table.x(['1'], {name: JSON.stringify(name)}), ...DIR());
    const text = await readFile(join(folder, 'imgmgr-admin.prom'), 'utf8');
    expect(text).not.toContain(table.cloud.accounts.admin.password);
    expect(text).toContain(`definition="${name.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`);
    expect(text.split('\n').filter((line) => line !== '' && !/^(# (HELP|TYPE) )?imgmgr_\w+[{ ]/.test(line))).toEqual(
      [],
    );
  });

  it('goes on from a file that somebody damaged', async () => {
    await writeFile(join(folder, 'imgmgr-admin.prom'), 'imgmgr_images{cloud="admin",state="x\nnode_load1 1\n\0');
    expect((await table.manage(table.x(['1']), ...DIR())).warnings).toEqual([]);
    expect(await metrics()).toMatchObject({'images{state="current"}': '1'});
  });
});
