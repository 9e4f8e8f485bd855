import {afterEach, describe, expect, test} from 'vitest';
import {listed, openDesk, yaml} from './operator.ts';
import type {Desk} from './operator.ts';

let desk: Desk | undefined;

afterEach(async () => {
  await desk?.close();
  desk = undefined;
});

/** The entry of the admin lists these regions; the catalog has South alone. */
async function deskIn(regions: string, env: Readonly<Record<string, string>> = {}): Promise<Desk> {
  desk = await openDesk({region: 'South'}, env);
  await desk.writeClouds(desk.cloud.cloudsYaml().replaceAll(/region_name: .*/g, `regions: ${regions}`));
  return desk;
}

async function dryRun(at: Desk, ...flags: readonly string[]) {
  const path = await at.write(yaml([listed('1', 'https://source.example/x.raw')], {enable: 'false'}));
  return at.imgmgr('dry-run', '--cloud', 'admin', '--images', path, ...flags);
}

describe('R4: the region of a run', () => {
  test('is named by the login line', async () => {
    const {lines, code} = await dryRun(await deskIn('[North, South]'), '--region', 'South');
    expect(code).toBe(0);
    expect(lines.find(({type}) => type === 'cloud-started')).toMatchObject({region: 'South'});
  });

  test('is the one of OS_REGION_NAME', async () => {
    const {lines, code, warnings} = await dryRun(await deskIn('[North, South]', {OS_REGION_NAME: 'South'}));
    expect(code).toBe(0);
    expect(lines.find(({type}) => type === 'cloud-started')).toMatchObject({region: 'South'});
    expect(warnings).not.toContain('region-not-chosen');
  });

  test('is said in one line where several are listed and none was chosen', async () => {
    const {lines} = await dryRun(await deskIn('[South, North]'));
    expect(lines.filter(({code}) => code === 'region-not-chosen')).toMatchObject([
      {
        message: 'no region was chosen, this run works in South, not in North',
        hint: 'choose one with --region or OS_REGION_NAME',
      },
    ]);
  });

  test('of --verify-cloud is named as that of --cloud, and where none was chosen that is said, too', async () => {
    const at = await deskIn('[South, North]');
    const path = await at.write(yaml([listed('1', 'https://source.example/x.raw')]));
    const {lines} = await at.imgmgr(
      ...['dry-run', '--cloud', 'admin', '--images', path, '--verify', '--verify-cloud', 'member'],
    );
    expect(lines.filter(({type}) => type === 'cloud-started')).toMatchObject([
      {cloud: 'admin', region: 'South'},
      {cloud: 'member', region: 'South'},
    ]);
    expect(lines.filter(({code}) => code === 'region-not-chosen')).toMatchObject([
      {cloud: 'admin'},
      {cloud: 'member', message: 'no region was chosen, this run works in South, not in North'},
    ]);
  });

  test('that the catalog does not have ends the run with those that it has', async () => {
    const {code, errors} = await dryRun(await deskIn('[North, South]'), '--region', 'North');
    expect(code).toBe(2);
    expect(errors[0]?.message).toContain("no public image endpoint in region 'North'");
    expect(errors[0]?.hint).toContain("public in 'South'");
  });
});

test('U4: an unknown cloud of --verify-cloud is not blamed on --cloud', async () => {
  const at = await deskIn('[South]');
  const path = await at.write(yaml([listed('1', 'https://source.example/x.raw')]));
  const {code, errors} = await at.imgmgr(
    'manage',
    '--cloud',
    'admin',
    '--images',
    path,
    '--verify',
    '--verify-cloud',
    'nope',
  );
  expect(code).toBe(2);
  expect(errors[0]).toMatchObject({message: expect.stringContaining('unknown cloud "nope"') as unknown});
  expect(errors[0]?.place).toBe('--verify-cloud');
});
