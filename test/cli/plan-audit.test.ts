import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Ran} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

interface Found {
  readonly type: string;
  readonly cloud?: string;
  readonly definition?: string;
  readonly findings?: readonly {readonly rule: string; readonly of: string; readonly by: string}[];
}

/** `planned openstack/hw_rng_model you` of the findings of a cloud or, without a cloud, of the definitions; for one rule. */
function found({lines}: Ran, rule: string, cloud?: string): readonly string[] {
  return (lines as readonly Found[])
    .filter((line) => line.type === 'findings' && line.cloud === cloud)
    .flatMap(({findings = []}) => findings)
    .filter((finding) => finding.rule === rule)
    .map(({of, by}) => `${of} ${by}`);
}

const RULE = 'openstack/hw_rng_model';
const OPENSTACK = ['--profile', 'openstack'];
const wrong = (): string => table.x(['1'], {}, {hw_rng_model: 'none'});

describe('the audit in a dry run', () => {
  it('finds in the definitions and in what the plan makes', async () => {
    const ran = await table.run('dry-run', wrong(), ...OPENSTACK);
    expect(found(ran, RULE)).toEqual(['definition you']);
    expect(found(ran, RULE, 'admin')).toEqual(['planned you']);
  });

  it('is exit 3 for a finding that counts although nothing is to be done, and 0 where none does', async () => {
    await table.manage(wrong());
    const ran = await table.run('dry-run', wrong(), ...OPENSTACK, '--fail-on', 'warning');
    expect([ran.code, ran.counts['pending'], found(ran, RULE, 'admin')]).toEqual([3, 0, ['live you']]);
    await table.manage(table.x(['1']));
    const good = await table.run('dry-run', table.x(['1']), ...OPENSTACK);
    expect([good.code, found(good, RULE, 'admin')]).toEqual([0, []]);
  });

  it('says of a live image that the next manage mends it', async () => {
    await table.manage(wrong());
    const ran = await table.run('dry-run', table.x(['1']), ...OPENSTACK);
    expect(found(ran, RULE, 'admin')).toEqual(['live manage']);
    const images = await table.write(table.x(['1']));
    const {out} = await table.print('dry-run', '--cloud', 'admin', '--images', images, ...OPENSTACK, '-v');
    expect(out).toMatch(/hw_rng_model.*\n {4}manage mends it/);
  });

  it('needs no further call to the cloud', async () => {
    await table.manage(wrong());
    table.cloud.clearLog();
    await table.run('dry-run', wrong());
    expect(table.cloud.requests.filter(({path}) => path.includes('/images')).length).toBeLessThanOrEqual(2);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('judges by a profile of the operator, and refuses a wrong one before the login', async () => {
    const profile = join(table.folder, 'profile.yml');
    await writeFile(profile, 'extends: openstack\nseverities: {nonsense: error}\n');
    table.cloud.clearLog();
    const ran = await table.run('dry-run', wrong(), '--profile', profile);
    expect([ran.code, ran.errors[0]?.code, table.cloud.requests]).toEqual([2, 'CONFIG', []]);
  });
});

describe('the audit in manage', () => {
  it('is one line for each definition with errors or warnings, and no exit code', async () => {
    const ran = await table.manage([wrong(), table.x(['1'], {name: 'Y'})], ...OPENSTACK);
    const lines = (ran.lines as readonly Found[]).filter(({type}) => type === 'definition-findings');
    expect(ran.code).toBe(0);
    expect(lines).toMatchObject([{cloud: 'admin', definition: 'X', rules: expect.arrayContaining([RULE]) as unknown}]);
    const images = await table.write(wrong());
    const {err, code} = await table.print('manage', '--cloud', 'admin', '--images', images, ...OPENSTACK);
    expect([code, err.match(/X: .* of the audit \(.*hw_rng_model/g)?.length]).toEqual([0, 1]);
  });

  it('judges what is left behind: nothing is said where the run mends it', async () => {
    await table.manage(wrong());
    const ran = await table.manage(table.x(['1']), ...OPENSTACK);
    expect((ran.lines as readonly Found[]).filter(({type}) => type === 'definition-findings')).toEqual([]);
  });

  it('has no --fail-on', async () => {
    const ran = await table.run('manage', wrong(), '--fail-on', 'error');
    expect([ran.code, ran.errors[0]?.message]).toEqual([
      2,
      '--fail-on belongs to dry-run: findings change no exit code of manage',
    ]);
  });
});
