import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {makeQcow2} from '../fakes/disk-image.ts';
import {fakeIo} from './fake-io.ts';
import {listed, openDesk, withoutVerification} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const LAST1 = {uuid_validity: 'last-1'};

describe('import of one image', () => {
  it('a URL: private under its name, with what the flags say; the second time there is nothing to do', async () => {
    const url = table.serve('1', makeQcow2({virtualBytes: 2 ** 30}));
    const argv = ['import', url, '--cloud', 'admin', '--name', 'Mine', '--image-version', '7', '--no-verify'].concat(
      ...['--login', 'me', '--min-ram', '128', '--property', 'os_distro=debian', '--property', 'a=b=c'],
      ...['--checksum', table.upstream.digest('/x-1.img')],
    );
    const ran = await table.imgmgr(...argv);
    expect([ran.code, ran.done, ran.counts['imported']]).toEqual([0, ['acquire 7', 'publish 7'], 1]);
    expect(table.named('Mine')).toMatchObject({
      ...{visibility: 'private', os_hidden: false, status: 'active', disk_format: 'qcow2', min_ram: 128, min_disk: 1},
      ...{internal_version: '7', image_original_user: 'me', os_distro: 'debian', a: 'b=c', image_source: url},
      imgmgr_digest: `sha512:${table.upstream.digest('/x-1.img')}`,
    });
    table.cloud.clearLog();
    const again = await table.imgmgr(...argv);
    expect([again.code, again.counts['unchanged'], table.cloud.writes()]).toEqual([0, 1, []]);
  });

  it('a file: named after it, image_source tells no path; --visibility public publishes', async () => {
    const path = join(table.folder, 'my-disk.qcow2');
    await writeFile(path, makeQcow2({virtualBytes: 2 ** 20}));
    const argv = ['import', path, '--cloud', 'admin', '--visibility', 'public', '--protected', '--no-verify'];
    expect((await table.imgmgr(...argv)).code).toBe(0);
    expect(table.named('my-disk')).toMatchObject({
      ...{visibility: 'public', protected: true, image_source: 'private'},
    });
    table.cloud.clearLog();
    expect((await table.imgmgr(...argv)).code).toBe(0);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('stdin: proven on the way', async () => {
    const bytes = Buffer.alloc(30_000, 'piped');
    const io = fakeIo();
    io.input.end(bytes);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const argv = [
      'import',
      '-',
      '--name',
      'Piped',
      '--disk-format',
      'raw',
      '--cloud',
      'admin',
      '--checksum',
      digest,
      '--no-verify',
    ];
    const code = await run(argv, io, {HOME: table.folder, OS_CLIENT_CONFIG_FILE: join(table.folder, 'clouds.yaml')});
    expect(code).toBe(0);
    expect(table.named('Piped')).toMatchObject({
      size: 30_000,
      visibility: 'private',
      imgmgr_digest: `sha256:${digest}`,
    });
  });

  it('other bytes than --checksum demands: nothing stays, exit 1', async () => {
    const url = table.serve('1');
    const ran = await table.imgmgr(
      ...['import', url, '--cloud', 'admin', '--disk-format', 'raw', '--checksum', `sha256:${'0'.repeat(64)}`],
    );
    expect([ran.code, ran.errors[0]?.code, table.names()]).toEqual([1, 'DIGEST_MISMATCH', []]);
  });

  it('its image is no stray to a later manage, and is never cleaned up by one', async () => {
    const url = table.serve('1');
    await table.imgmgr('import', url, '--cloud', 'admin', '--disk-format', 'raw', '--name', 'Mine', '--no-verify');
    const ran = await table.manage(table.x(['1']), '--delete', '--yes', '--hide');
    expect([ran.code, ran.warnings]).toEqual([0, []]);
    expect(table.show()).toEqual(['Mine | private | -', 'X | public | generic']);
  });
});

describe('import of definitions', () => {
  it('imports and publishes the selected ones and deletes nothing', async () => {
    await table.run('import', [table.x(['1'], {name: 'A'}, LAST1), table.x(['1'], {name: 'B'})], '--filter', 'A');
    expect(table.show()).toEqual(['A | public | generic']);
    const ran = await table.run('import', table.x(['2'], {name: 'A'}, LAST1));
    expect([ran.code, ran.counts['imported'], ran.counts['deleted']]).toEqual([0, 1, 0]);
    expect(table.show()).toEqual(['A (1) | public | oldgeneric', 'A | public | generic']);
    await table.expectQuiet();
  });

  it('--no-publish stops before anybody sees it', async () => {
    expect((await table.run('import', table.x(['1']), '--no-publish')).code).toBe(0);
    expect(table.show()).toEqual(['X (1) | private | hidden | oldgeneric']);
    await table.expectQuiet();
  });

  it('deleting is no part of it: exit 2', async () => {
    expect((await table.run('import', table.x(['1']), '--delete')).code).toBe(2);
    expect(table.cloud.requests).toEqual([]);
  });
});

describe('hide', () => {
  it('hides superseded images of the selected definitions, imports nothing, and is done once', async () => {
    const texts = (version: string): string[] => [table.x([version], {name: 'A'}), table.x([version], {name: 'B'})];
    await table.manage(texts('1'));
    await table.manage(texts('2'));
    const ran = await table.run('hide', texts('3'), '--filter', '^A$');
    expect([ran.code, ran.done]).toEqual([0, ['hide 1']]);
    expect(table.show()).toEqual([
      'A (1) | public | hidden | oldgeneric',
      'A | public | generic',
      'B (1) | public | oldgeneric',
      'B | public | generic',
    ]);
    await table.expectQuiet();
  });

  it('an image without a listed successor keeps its name and stays shown', async () => {
    await table.manage(table.x(['1']));
    const ran = await table.run('hide', table.x(['2']));
    expect([ran.code, ran.done, table.show()]).toEqual([0, [], ['X | public | generic']]);
    await table.expectQuiet();
  });

  it('reaches uuid_validity none too; --dry-run says so with exit 3 and writes nothing', async () => {
    const text = (version: string): string => table.x([version], {}, {uuid_validity: 'none'});
    await table.manage(text('1'));
    await table.manage(text('2'));
    table.cloud.clearLog();
    const dry = await table.run('hide', text('2'), '--dry-run');
    expect([dry.code, table.cloud.writes()]).toEqual([3, []]);
    expect((await table.run('hide', text('2'))).done).toEqual(['hide 1']);
    expect(table.named('X (1)')).toMatchObject({os_hidden: true, visibility: 'public'});
    await table.expectQuiet();
  });
});

describe('delete', () => {
  beforeEach(async () => {
    for (const version of ['1', '2', '3']) await table.manage(table.x([version], {}, LAST1));
    table.cloud.clearLog();
  });

  it('without --yes it lists and deletes nothing: exit 0', async () => {
    const ran = await table.run('delete', table.x(['3'], {}, LAST1));
    expect([ran.code, table.cloud.writes()]).toEqual([0, []]);
    expect(ran.lines.find(({type}) => type === 'deletable')?.images?.map(({name}) => name)).toEqual(['X (2)', 'X (1)']);
    await table.expectQuiet();
  });

  it('--yes deletes what is beyond its promise, and imports nothing', async () => {
    const ran = await table.run('delete', table.x(['3', '4'], {}, LAST1), '--yes');
    expect([ran.code, ran.done]).toEqual([0, ['delete 2', 'delete 1']]);
    expect(table.show()).toEqual(['X | public | generic']);
    await table.expectQuiet();
  });

  it('--dry-run is exit 3 with --yes, and writes nothing', async () => {
    const ran = await table.run('delete', table.x(['3'], {}, LAST1), '--yes', '--dry-run');
    expect([ran.code, table.cloud.writes()]).toEqual([3, []]);
  });

  it('lifts a protection of ours, and leaves an image that somebody else protects', async () => {
    table.byHand('X (2)', {protected: true});
    const ran = await table.run('delete', table.x(['3'], {}, LAST1), '--yes');
    expect([ran.code, ran.done, ran.warnings]).toEqual([0, ['delete 1'], ['protected-by-hand']]);
    expect(table.names()).toEqual(['X', 'X (2)']);
    await table.expectQuiet();
    for (const version of ['4', '5']) await table.manage(table.x([version], {name: 'P', protected: 'true'}, LAST1));
    expect(table.named('P (4)')['protected']).toBe(true);
    const ours = await table.run('delete', table.x(['5'], {name: 'P', protected: 'true'}, LAST1), '--yes');
    expect([ours.code, ours.done]).toEqual([0, ['delete 4']]);
  });
});

describe('dry-run', () => {
  /** Definitions that ask for one of everything, on a cloud where all of it is open. */
  async function mixed(): Promise<string[]> {
    const before = [
      table.x(['1'], {name: 'Rotates'}),
      table.x(['1'], {name: 'Drifts'}),
      table.x(['1'], {name: 'Same'}),
      table.x(['1'], {name: 'Sleeps'}),
      table.x(['1'], {name: 'Stored'}),
      table.n(['1', '2'], {name: 'Listed'}),
      table.x(['1'], {name: 'Tidied'}, LAST1),
      table.x(['1'], {name: 'Back'}),
    ];
    await table.manage(before);
    await table.manage([table.x(['2'], {name: 'Tidied'}, LAST1), table.x(['2'], {name: 'Back'})]);
    await table.manage(table.x(['1'], {name: 'Begun'}), '--no-publish');
    table.cloud.clearLog();
    return [
      table.x(['1', '2', '3'], {name: 'Rotates'}),
      table.x(['1'], {name: 'Drifts', tags: '[U]'}, {extra: 'new'}),
      table.x(['1'], {name: 'Same'}),
      table.x(['1'], {name: 'Sleeps', status: 'deactivated'}),
      table.x(['1'], {name: 'Stored', stores: '[file, fast]'}),
      table.n(['2'], {name: 'Listed'}),
      table.x(['2'], {name: 'Tidied'}, LAST1),
      table.x(['1'], {name: 'Back'}),
      table.x(['1'], {name: 'Begun'}),
      table.x(['1'], {name: 'New'}),
    ];
  }

  const reported = (actions: readonly object[] | undefined): string[] =>
    (actions ?? []).map((action) => JSON.stringify(action)).sort();

  it.each([
    [[]],
    [['--hide', '--delete', '--yes']],
    [['--latest', '--retire-as', 'hidden', '--tag', 'blue']],
    [['--no-publish']],
    [['--deactivate', '--retire-as', 'renamed-by-date', '--delete', '--yes', '--keep']],
  ])('is what manage then does, action by action (%j); exit 3 before, 0 after', async (flags) => {
    const texts = await mixed();
    const dry = await table.run('dry-run', texts, ...flags);
    expect([dry.code, table.cloud.writes()]).toEqual([3, []]);
    const planned = reported(dry.lines.find(({type}) => type === 'planned')?.actions);
    expect(planned.length).toBeGreaterThan(5);
    const real = await table.manage(texts, ...flags);
    expect([real.code, real.errors]).toEqual([0, []]);
    const done = reported(real.lines.flatMap(({type, action}) => (type === 'action-done' && action ? [action] : [])));
    expect(done).toEqual(planned);
    await table.expectQuiet();
    const after = await table.run('dry-run', texts, ...flags, '--profile', 'openstack');
    expect([after.code, after.lines.find(({type}) => type === 'planned')?.actions]).toEqual([0, []]);
  });

  it('is the same as manage --dry-run', async () => {
    const texts = await mixed();
    const one = await table.run('dry-run', texts);
    const other = await table.manage(texts, '--dry-run');
    const plan = (ran: typeof one): string[] => reported(ran.lines.find(({type}) => type === 'planned')?.actions);
    expect([other.code, plan(other)]).toEqual([3, plan(one)]);
  });

  it('tells a failure of a source by its exit code, above the pending changes', async () => {
    const texts = [
      table.x(['1']),
      table.x([listed('1', table.serve('1'), {checksums_url: `${table.upstream.url}/no`})], {name: 'Y'}),
    ];
    const ran = await table.run('dry-run', texts);
    expect([ran.code, ran.counts['failed'], table.cloud.writes()]).toEqual([1, 1, []]);
  });
});

describe('several clouds', () => {
  it('each gets what the definitions ask for, one after the other; the counts are added', async () => {
    const other = await openDesk();
    try {
      const entry = other.cloud
        .cloudsYaml()
        .replace(/^clouds:\n/, '')
        .replace(/^ {2}admin:/m, '  second:');
      await table.writeClouds(table.cloud.cloudsYaml() + entry.slice(0, entry.indexOf('  member:')));
      const images = await table.write(table.x(['1']));
      const argv = ['manage', '--cloud', 'admin', '--cloud', 'second', '--images', images, '--no-verify'];
      const ran = await table.imgmgr(...argv);
      expect([ran.code, ran.counts['imported']]).toEqual([0, 2]);
      expect(other.cloud.views().map((view) => `${String(view['name'])} ${String(view['visibility'])}`)).toEqual([
        'X public',
      ]);
      expect(table.show()).toEqual(['X | public | generic']);
      for (const {cloud} of [table, other]) cloud.clearLog();
      expect((await table.imgmgr(...argv)).counts['unchanged']).toBe(2);
      expect([...table.cloud.writes(), ...other.cloud.writes()]).toEqual([]);
    } finally {
      await other.close();
    }
  });

  it('a cloud that refuses the login does not stop the others, wherever it stands', async () => {
    await table.writeClouds(table.cloud.cloudsYaml().replace(/(member:[\s\S]*?)fake-secret/, '$1wr0ng'));
    const images = await table.write(table.x(['1']));
    for (const clouds of [
      ['member', 'admin'],
      ['admin', 'member'],
    ]) {
      const named = clouds.flatMap((name) => ['--cloud', name]);
      const ran = await table.imgmgr('manage', ...named, '--images', images, '--no-verify');
      expect([ran.code, ran.errors.map(({code}) => code)]).toEqual([4, ['AUTH']]);
      expect(table.show()).toEqual(['X | public | generic']);
    }
  });
});

describe('secrets', () => {
  it.each(['admin', 'credential'])('--debug tells every call and no secret (%s)', async (cloud) => {
    const images = await table.write(table.x(['1']));
    for (const command of ['manage', 'dry-run', 'hide', 'delete'])
      for (const form of [['--json'], ['--format', 'human'], ['--format', 'junit']]) {
        const io = fakeIo();
        const env = {HOME: table.folder, OS_CLIENT_CONFIG_FILE: join(table.folder, 'clouds.yaml')};
        await run(withoutVerification([command, '--cloud', cloud, '--images', images, '--debug', ...form]), io, env);
        const text = io.out() + io.err();
        expect(text).toContain('/v2/images');
        for (const secret of secrets()) expect(text.includes(secret), `${command} ${form.join(' ')}`).toBe(false);
      }
    const stored = JSON.stringify(table.cloud.views());
    for (const secret of secrets()) expect(stored.includes(secret)).toBe(false);
  });

  it("a secret in a source's address is told to nobody", async () => {
    const url = `${table.serve('1')}?X-Amz-Signature=hush-hush&token=psst-psst`;
    const ran = await table.imgmgr(
      ...['import', url, '--cloud', 'admin', '--disk-format', 'raw', '--name', 'Y', '--method', 'upload', '--debug'],
    );
    expect(ran.code).toBe(0);
    expect(ran.text).not.toMatch(/hush-hush|psst-psst/);
  });

  /** Everything that the fake cloud takes for a login, and every token that travelled. */
  function secrets(): string[] {
    const {password, applicationCredential} = table.cloud.accounts.admin;
    const tokens = table.cloud.requests.flatMap(({headers}) => headers['x-auth-token'] ?? []);
    expect(tokens.length).toBeGreaterThan(0);
    return [...new Set([password, applicationCredential.secret, ...tokens])];
  }
});
