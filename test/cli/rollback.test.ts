import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {readPlanFile} from '../../src/core/plan/plan-file.ts';
import type {Ran} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

/** Versions 1 and 2 were published one after the other. */
async function two(): Promise<void> {
  for (const version of ['1', '2']) expect((await table.manage(table.x([version]))).code).toBe(0);
}

const back = (...flags: readonly string[]): Promise<Ran> =>
  table.run('rollback', table.x(['2']), 'X', '--no-verify', '--reason', 'no "network"', '--yes', ...flags);

function answerOf({lines}: Ran): object | undefined {
  return lines.find(({type}) => type === 'rolled-back');
}

describe('rollback', () => {
  it('revokes the current version, publishes the one before, and prints the lines for the definition', async () => {
    await two();
    const ran = await back();
    expect(ran.done).toEqual(['revoke 2', 'publish 1', 'retire 2']);
    expect(ran.code).toBe(0);
    expect(table.show()).toEqual(['X (2) | public | oldgeneric', 'X | public | generic']);
    expect(answerOf(ran)).toMatchObject({
      ...{how: 'rollback', versions: ['2'], current: '1', reason: 'no "network"', definition: 'X', cloud: 'admin'},
      lines: [
        expect.stringMatching(/^# .*images\.yml:\d+: to the entry of version "2"$/),
        'revoked: "no \\"network\\""',
      ],
    });
    expect(JSON.stringify(table.cloud.views())).not.toContain('network');
    const next = await table.manage(table.x(['2']));
    expect([next.code, next.done]).toEqual([0, []]);
    await table.expectQuiet();
  });

  it('prints the lines when it is given again, after a failure between the mark and the end', async () => {
    await two();
    table.cloud.misbehave('patchRefused', {match: {method: 'PATCH', path: /^\/v2\/images\/[^/]+$/, body: /"current"/}});
    const broken = await back();
    expect([broken.code, broken.done, answerOf(broken)]).toEqual([1, ['revoke 2'], undefined]);
    const again = await back();
    expect([again.code, again.done]).toEqual([0, ['publish 1', 'retire 2']]);
    expect(answerOf(again)).toMatchObject({current: '1', lines: [expect.any(String), 'revoked: "no \\"network\\""']});
  });

  it('asks nobody upstream', async () => {
    await two();
    const text = table.x(['2']).replaceAll(table.upstream.url, 'http://127.0.0.1:1');
    const ran = await table.run('rollback', text, 'X', '--no-verify', '--reason', 'r', '--yes');
    expect([ran.code, ran.done]).toEqual([0, ['revoke 2', 'publish 1', 'retire 2']]);
  });

  it('writes the reason on the image where it is public', async () => {
    await two();
    await back('--public-reason');
    expect(table.named('X (2)')).toMatchObject({imgmgr_revoked_reason: 'no "network"'});
  });

  it('only says what it would do with --dry-run', async () => {
    await two();
    const ran = await back('--dry-run');
    expect([ran.code, ran.done]).toEqual([3, []]);
    expect(ran.lines.find(({type}) => type === 'planned')?.actions?.map(({kind}) => kind)).toEqual([
      'revoke',
      'publish',
      'retire',
    ]);
    expect(table.names()).toEqual(['X', 'X (1)']);
  });

  it('refuses where nobody can be asked', async () => {
    await two();
    const ran = await table.run('rollback', table.x(['2']), 'X', '--reason', 'r');
    expect([ran.code, ran.errors[0]?.code, ran.done]).toEqual([2, 'USAGE', []]);
  });

  it('refuses names and versions that cannot be meant, with exit 2 and what is near', async () => {
    await two();
    const refused = async (...argv: readonly string[]): Promise<string> => {
      const ran = await table.run('rollback', table.x(['2']), ...argv, '--yes');
      expect([ran.code, ran.done]).toEqual([2, []]);
      return `${ran.errors[0]?.message ?? ''}; ${ran.errors[0]?.hint ?? ''}`;
    };
    expect(await refused('Y', '--reason', 'r')).toMatch(/no definition "Y"/);
    expect(await refused('X')).toMatch(/needs --reason/);
    expect(await refused('X', '--reason', 'a\nb')).toMatch(/control character/);
    expect(await refused('X', '--reason', 'x'.repeat(256))).toMatch(/256 characters/);
    expect(await refused('X', '--reason', 'r', '--to', '7')).toMatch(/no version "7"/);
    expect(await refused('X', '--reason', 'r', '--to', '2')).toMatch(/is the current one/);
    expect(await refused('X', '--reason', 'r', '--to', '1', '--pull')).toMatch(/contradicts --to/);
    expect(await refused('X', '2', '--reason', 'r')).toMatch(/second argument/);
    expect(await refused('X', '--undo')).toMatch(/needs the version/);
    expect(await refused('X', '2', '--undo')).toMatch(/is not revoked/);
  });

  it('refuses multi: false, with the reason', async () => {
    const text = table.n(['1', '2']);
    await table.manage(text);
    const ran = await table.run('rollback', text, 'X', '--reason', 'r', '--yes');
    expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining('multi: false')]);
  });

  it('says what is there where nothing can take the place, and changes nothing', async () => {
    await table.manage(table.x(['1']));
    const ran = await table.run('rollback', table.x(['1']), 'X', '--reason', 'r', '--yes');
    expect([ran.code, ran.errors[0]?.code, ran.done]).toEqual([1, 'NOT_FOUND', []]);
    expect(table.named('X')['imgmgr_revoked']).toBeUndefined();
  });

  it('warns where the definition lists a version that the next run publishes in its place', async () => {
    await two();
    const ran = await table.run('rollback', table.x(['2', '3']), 'X', '--no-verify', '--reason', 'r', '--yes');
    expect(ran.warnings).toContain('rollback-not-kept');
    expect((await table.manage(table.x(['2', '3']))).done).toEqual(['acquire 3', 'publish 3', 'retire 1']);
  });

  it('works for a protected image, and for one that imgmgr deactivated', async () => {
    const text = (version: string): string =>
      table.x([version], {retire_as: 'deactivated', protected: 'true'}, {uuid_validity: 'last-1'});
    await table.manage(text('1'));
    await table.manage(text('2'));
    expect(table.named('X (1)')).toMatchObject({status: 'deactivated', protected: true});
    const ran = await table.run('rollback', text('2'), 'X', '--no-verify', '--reason', 'r', '--yes');
    expect([ran.code, ran.done.slice(0, 3)]).toEqual([0, ['revoke 2', 'reactivate 1', 'publish 1']]);
  });

  it('goes ahead under a hold', async () => {
    await two();
    await table.imgmgr('hold', 'X', '--cloud', 'admin', '--until', '2999-01-01');
    expect((await back()).done).toEqual(['revoke 2', 'publish 1', 'retire 2']);
  });

  it('pulls: nothing bears the name until the revocation is lifted', async () => {
    await two();
    const pulled = await back('--pull');
    expect([pulled.code, pulled.done]).toEqual([0, ['revoke 2', 'deactivate 2']]);
    expect(answerOf(pulled)).toMatchObject({how: 'pull', versions: ['2'], current: null});
    expect(table.named('X')).toMatchObject({status: 'deactivated', os_hidden: true});
    expect((await table.manage(table.x(['2']))).done).toEqual([]);
    const undone = await table.run('rollback', table.x(['2']), 'X', '2', '--undo', '--no-verify', '--yes');
    expect([undone.code, undone.done]).toEqual([0, ['reactivate 2', 'lift 2', 'publish 2']]);
    expect(table.named('X')).toMatchObject({status: 'active', os_hidden: false, visibility: 'public'});
  });

  it('run twice at once goes back one version, not two', async () => {
    for (const version of ['1', '2', '3']) await table.manage(table.x([version]));
    const text = table.x(['3']);
    const argv = ['rollback', text, 'X', '--no-verify', '--reason', 'r', '--yes'] as const;
    const both = await Promise.all([table.run(...argv), table.run(...argv)]);
    expect(both.map(({code}) => code).sort()).toEqual([0, 1]);
    expect(both.flatMap(({done}) => done).sort()).toEqual(['publish 2', 'retire 3', 'revoke 3']);
  });

  it('answers people in one line, and below it with the lines for the definition', async () => {
    await two();
    const human = await table.print(
      'rollback',
      'X',
      '--cloud',
      'admin',
      '--images',
      await table.write(table.x(['2'])),
      '--no-verify',
      '--reason',
      'r',
      '--yes',
    );
    expect(human.out).toMatch(
      /^admin: X: revoked 2; 1 bears the name\n\nFor the definition, .*:\n# .*\nrevoked: "r"\n/,
    );
    expect(human.code).toBe(0);
  });
});

describe('a plan of rollback', () => {
  const plan = (): string => join(table.folder, 'plan.json');
  const make = (...flags: readonly string[]): Promise<Ran> =>
    table.run('rollback', table.x(['2']), 'X', '--no-verify', '--reason', 'r', '--dry-run', '--out', plan(), ...flags);
  const carryOut = (...flags: readonly string[]): Promise<Ran> =>
    table.imgmgr('rollback', 'X', '--plan', plan(), ...flags);

  it('is written by --out, changes nothing, and is what --plan does without asking', async () => {
    await two();
    const made = await make('--to', '1');
    expect([made.code, made.done]).toEqual([3, []]);
    expect(readPlanFile(await readFile(plan(), 'utf8'), plan())).toMatchObject({
      rollback: {definition: 'X', date: expect.stringMatching(/Z$/) as string},
      clouds: [{cloud: 'admin'}],
    });
    const compared = await carryOut('--dry-run');
    expect([compared.code, compared.done]).toEqual([3, []]);
    const ran = await carryOut();
    expect([ran.code, ran.done]).toEqual([0, ['revoke 2', 'publish 1', 'retire 2']]);
    expect(answerOf(ran)).toMatchObject({how: 'rollback', versions: ['2'], current: '1', reason: 'r'});
  });

  it('is refused where the cloud has moved since, and nothing is done', async () => {
    await two();
    await make();
    expect((await table.manage(table.x(['3']))).code).toBe(0);
    const before = table.show();
    await table.write(table.x(['2']));
    for (const flags of [['--dry-run'], []]) {
      const ran = await carryOut(...flags);
      expect([ran.code, ran.done, ran.errors[0]?.code]).toEqual([1, [], 'CONFLICT']);
    }
    expect(table.show()).toEqual(before);
  });

  it('keeps the version whose revocation is lifted', async () => {
    await two();
    await back();
    await table.run('rollback', table.x(['2']), 'X', '2', '--undo', '--no-verify', '--dry-run', '--out', plan());
    const ran = await carryOut();
    expect([ran.code, answerOf(ran)]).toMatchObject([0, {how: 'undo', versions: ['2'], current: '2'}]);
  });

  it('is no plan of manage, and none of another definition, and keeps its flags', async () => {
    await two();
    await make();
    const refused = async (...argv: readonly string[]): Promise<string> => {
      const ran = await table.imgmgr(...argv, '--plan', plan());
      expect([ran.code, ran.done]).toEqual([2, []]);
      return ran.errors[0]?.message ?? '';
    };
    expect(await refused('manage')).toMatch(/is one of rollback/);
    expect(await refused('rollback', 'Y')).toMatch(/rolls back "X"/);
    expect(await refused('rollback', 'X', '2')).toMatch(/rolls back "X"/);
    expect(await refused('rollback', 'X', '--to', '1')).toMatch(/given again: to/);
    await table.run('dry-run', table.x(['2']), '--out', join(table.folder, 'other.json'));
    const ran = await table.imgmgr('rollback', 'X', '--plan', join(table.folder, 'other.json'));
    expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining('is one of manage')]);
  });
});
