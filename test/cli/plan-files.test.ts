import {execFileSync} from 'node:child_process';
import {chmod, mkdir, readFile, readdir, stat, symlink, truncate, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {planText, readPlanFile} from '../../src/core/plan/plan-file.ts';
import type {Printed, Ran} from './operator.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
let path: string;

beforeEach(async () => {
  table = await openTable();
  path = join(table.folder, 'plan.json');
});
afterEach(async () => table.close());

/** `dry-run --out`, with what else is said. */
async function makePlan(text: string | readonly string[], ...flags: readonly string[]): Promise<Ran> {
  const ran = await table.run('dry-run', text, '--out', path, ...flags);
  table.cloud.clearLog();
  return ran;
}

/** `manage --plan` over the definitions as they are written now. */
async function carryOut(...flags: readonly string[]): Promise<Ran> {
  return table.imgmgr('manage', '--plan', path, ...flags);
}

/** The ids of the actions that a run did, in their order. */
function idsDone({lines}: Ran): readonly string[] {
  return lines.flatMap(({type, action}) => (type === 'action-done' && action ? [idOf(action)] : []));
}

function idsPlanned({lines}: Ran): readonly string[] {
  return lines.flatMap(({type, actions}) => (type === 'planned' && actions ? actions.map(idOf) : []));
}

function idOf(action: object): string {
  return 'id' in action ? String(action.id) : '';
}

/** Serves version 2 and the list of its digest. */
function putSums(bytes: Uint8Array): void {
  table.serve('2', bytes);
  table.upstream.putDigests('/SUMS', {algorithm: 'sha512', names: ['x-2.img']});
}

describe('dry-run --out', () => {
  it('writes the plans, the flags and the definitions to the one file that it makes, for its owner alone', async () => {
    const before = await readdir(table.folder);
    const ran = await makePlan(table.x(['1']), '--latest', '--jobs', '2');
    expect(ran.code).toBe(3);
    expect((await readdir(table.folder)).filter((name) => !before.includes(name)).sort()).toEqual([
      'images.yml',
      'plan.json',
    ]);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    const plan = readPlanFile(await readFile(path, 'utf8'), path);
    expect(plan.flags).toEqual([
      ['--images', join(table.folder, 'images.yml')],
      ['--latest', true],
      ['--no-verify', true],
    ]);
    expect(plan.definitions.map(({name}) => name)).toEqual(['X']);
    expect(plan.clouds.map(({cloud}) => cloud)).toEqual(['admin']);
    expect(ran.lines.find(({type}) => type === 'plan-written')).toMatchObject({path, clouds: ['admin'], actions: 2});
  });

  it('writes nothing to the cloud', async () => {
    const images = await table.write(table.x(['1']));
    table.cloud.clearLog();
    await table.imgmgr('dry-run', '--cloud', 'admin', '--images', images, '--out', path);
    expect(table.cloud.writes()).toEqual([]);
  });

  it('writes no password and no signature of an address', async () => {
    const url = `${table.serve('1')}?X-Amz-Signature=top-secret`;
    await makePlan(table.x([listed('1', url)]));
    const text = await readFile(path, 'utf8');
    expect(text).toContain('X-Amz-Signature=***');
    expect(text).not.toMatch(/top-secret|fake-secret/);
  });

  it('replaces an earlier plan and an empty file', async () => {
    await writeFile(path, '');
    expect((await makePlan(table.x(['1']))).code).toBe(3);
    expect((await makePlan(table.x(['1']), '--latest')).code).toBe(3);
    expect(readPlanFile(await readFile(path, 'utf8'), path).flags).toContainEqual(['--latest', true]);
  });

  it.each<[string, (file: string) => Promise<unknown>, RegExp]>([
    ['a file of somebody', (file) => writeFile(file, 'images: []\n'), /is a file that is no plan of imgmgr/],
    ['a folder', (file) => mkdir(file), /is a folder, not a regular file/],
    ['a FIFO', (file) => Promise.resolve(execFileSync('mkfifo', [file])), /is a FIFO, not a regular file/],
  ])('does not replace %s, and says so before the login', async (_what, make, message) => {
    await make(path);
    const ran = await makePlan(table.x(['1']));
    expect([ran.code, ran.errors[0]?.code, table.cloud.requests]).toEqual([2, 'USAGE', []]);
    expect(ran.errors[0]?.message).toMatch(message);
  });

  it('refuses a file in a folder that is not there before the login', async () => {
    path = join(table.folder, 'nowhere', 'plan.json');
    const ran = await makePlan(table.x(['1']));
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.errors[0]?.message).toMatch(/there is no folder .*nowhere/);
  });

  it('refuses a loop of links and a name that is too long before the login', async () => {
    const loop = join(table.folder, 'loop.json');
    await symlink(loop, loop);
    for (const out of [loop, join(table.folder, 'a'.repeat(300))]) {
      const {code} = await table.run('dry-run', table.x(['1']), '--out', out);
      expect(code).toBe(2);
    }
    expect(table.cloud.requests).toEqual([]);
  });

  it('writes no plan where a cloud could not be planned', async () => {
    table.cloud.misbehave('keystoneDown');
    const ran = await makePlan(table.x(['1']));
    expect(ran.code).not.toBe(3);
    expect(ran.warnings).toContain('plan-not-written');
    expect(await readdir(table.folder)).not.toContain('plan.json');
  });

  it('says that manage would refuse more deletions than --max-delete', async () => {
    const text = table.x(['1'], {}, {uuid_validity: 'last-1'});
    await table.manage(text);
    await table.manage(table.x(['2'], {}, {uuid_validity: 'last-1'}));
    const ran = await makePlan(table.x(['2'], {}, {uuid_validity: 'last-1'}), '--delete', '--max-delete', '0');
    expect(ran.warnings).toContain('too-many-deletions');
    const refused = await carryOut();
    expect([refused.code, refused.errors[0]?.code, table.cloud.writes()]).toEqual([1, 'LIMIT', []]);
  });

  it('belongs to dry-run', async () => {
    const ran = await table.imgmgr('manage', '--cloud', 'admin', '--out', path);
    expect([ran.code, ran.errors[0]?.message]).toEqual([2, '--out makes a plan, and manage carries one out']);
    expect((await table.run('manage', table.x(['1']), '--dry-run', '--out', path)).code).toBe(3);
  });
});

describe('manage --plan', () => {
  it('does exactly the listed actions, with the flags, clouds and definitions of the plan', async () => {
    await table.manage(table.x(['1']));
    const planned = await makePlan(table.x(['1', '2', '3']), '--latest', '--tag', 'mine');
    const ran = await carryOut();
    expect(ran.code).toBe(0);
    expect(idsDone(ran)).toEqual(idsPlanned(planned));
    expect(ran.done).toEqual(['acquire 3', 'publish 3', 'retire 1']);
    expect(table.named('X')['tags']).toContain('mine');
    table.cloud.clearLog();
    // A run without the plan finds the same cloud as one that was never planned: nothing is left to do.
    expect((await table.manage(table.x(['1', '2', '3']), '--latest', '--tag', 'mine')).counts['imported']).toBe(0);
  });

  it('writes what a run without a plan writes', async () => {
    const shape = (): string[] =>
      table.cloud.writes().map(({method, path: to}) => `${method} ${to.replace(/[0-9a-f-]{36}/g, 'ID')}`);
    await makePlan(table.x(['1']));
    await carryOut();
    const planned = shape();
    const other = await openTable();
    try {
      await other.manage(other.x(['1']));
      const without = other.cloud
        .writes()
        .map(({method, path: to}) => `${method} ${to.replace(/[0-9a-f-]{36}/g, 'ID')}`);
      expect(planned).toEqual(without);
    } finally {
      await other.close();
    }
  });

  it('deletes what the plan lists without --yes, and nothing that it does not list', async () => {
    const last1 = {uuid_validity: 'last-1'};
    await table.manage(table.x(['1'], {}, last1));
    await table.manage(table.x(['2'], {}, last1));
    const planned = await makePlan(table.x(['2'], {}, last1), '--delete');
    expect(idsPlanned(planned)).toEqual([expect.stringMatching(/^delete /)]);
    const ran = await carryOut();
    expect([ran.code, ran.done, table.names()]).toEqual([0, ['delete 1'], ['X']]);
  });

  it('refuses where an image that was to be deleted is in use now, and deletes none', async () => {
    const last1 = {uuid_validity: 'last-1'};
    await table.manage(table.x(['1'], {}, last1));
    await table.manage(table.x(['2'], {}, last1));
    await makePlan(table.x(['2'], {}, last1), '--delete');
    table.cloud.servers.push({
      ...{id: 's1', name: 'web', projectId: 'somebody'},
      imageId: String(table.named('X (1)')['id']),
    });
    const ran = await carryOut();
    expect([ran.code, table.cloud.writes(), ran.warnings]).toEqual([1, [], ['in-use']]);
    expect(ran.errors[0]?.message).toMatch(/X differs from the plan: "delete .*" is not planned now/);
  });

  it('leaves an image that was in use when the plan was made, also where it is not any more', async () => {
    const last1 = {uuid_validity: 'last-1'};
    await table.manage(table.x(['1'], {}, last1));
    await table.manage(table.x(['2'], {}, last1));
    table.cloud.servers.push({
      ...{id: 's1', name: 'web', projectId: 'somebody'},
      imageId: String(table.named('X (1)')['id']),
    });
    await makePlan(table.x(['2'], {}, last1), '--delete');
    table.cloud.servers.splice(0);
    const ran = await carryOut();
    expect([ran.code, table.cloud.writes()]).toEqual([1, []]);
    expect(ran.errors[0]?.message).toMatch(/"delete .*" was not planned then/);
  });

  it.each<[string, (text: string) => Promise<unknown>, RegExp]>([
    [
      'an image was changed by hand',
      () => {
        table.byHand('X', {protected: true});
        return Promise.resolve();
      },
      /"retire .*" differs: image\.protected was false, is true/,
    ],
    ['the plan was carried out before', () => carryOut(), /"acquire 2" is not planned now/],
    [
      'the upstream has other bytes',
      () => {
        putSums(Buffer.alloc(50_000, 'others'));
        return Promise.resolve();
      },
      /"acquire 2" differs: release\.digest was "sha512:\w+", is "sha512:\w+"/,
    ],
  ])('writes nothing where %s', async (_what, change, message) => {
    await table.manage(table.x(['1']));
    putSums(Buffer.alloc(50_000, 'two'));
    const text = table.x([listed('2', `${table.upstream.url}/x-2.img`, {checksums_url: `${table.upstream.url}/SUMS`})]);
    await makePlan(text);
    await change(text);
    table.cloud.clearLog();
    const ran = await carryOut();
    expect([ran.code, ran.errors[0]?.code, table.cloud.writes()]).toEqual([1, 'CONFLICT', []]);
    expect(ran.errors[0]?.message).toMatch(message);
    expect(ran.errors[0]?.hint).toMatch(/make a new plan with dry-run --out/);
  });

  it('names the definitions that are others, before the login', async () => {
    await makePlan(table.x(['1']));
    await table.write(table.x(['2']));
    const changed = await carryOut();
    expect([changed.code, changed.errors[0]?.code, table.cloud.requests]).toEqual([2, 'USAGE', []]);
    expect(changed.errors[0]?.message).toBe(`the definitions are not those of the plan ${path}: X (changed)`);
    await table.write(table.x(['1'], {name: 'Y'}));
    expect((await carryOut()).errors[0]?.message).toMatch(/: X \(not there now\), Y \(not there then\)$/);
  });

  it('takes no other place in the file, comment or folder for a change', async () => {
    await makePlan(table.x(['1']));
    const images = join(table.folder, 'elsewhere.yml');
    await writeFile(images, `# moved\n\n${table.x(['1'])}`);
    expect((await carryOut('--images', images)).code).toBe(0);
  });

  it.each<[string, readonly string[], string]>([
    ['--latest', ['--latest'], '--latest is given, was not given'],
    ['--max-delete', ['--max-delete', '7'], '--max-delete is 7, was 5'],
    ['--verify', ['--verify'], '--verify is given, was given'],
    ['--filter', ['--filter', 'X'], '--filter is ["X"], was not given'],
    ['--cloud', ['--cloud', 'member'], '--cloud is member, was admin'],
  ])('refuses another %s before the login', async (_flag, flags, message) => {
    await makePlan(table.x(['1']), '--max-delete', '5');
    const ran = await carryOut(...flags);
    expect([ran.code, ran.errors[0]?.code, table.cloud.requests]).toEqual([2, 'USAGE', []]);
    expect(ran.errors[0]?.message).toContain(message);
  });

  it('takes flags that the plan has, and those that do not shape it', async () => {
    await makePlan(table.x(['1']), '--max-delete', '5', '--tag', 'mine');
    const ran = await carryOut('--cloud', 'admin', '--tag', 'mine', '--max-delete', '5', '--jobs', '1', '--yes');
    expect(ran.code).toBe(0);
  });

  it('refuses a cloud whose login leads to another project', async () => {
    await makePlan(table.x(['1']));
    const text = table.cloud.cloudsYaml();
    await table.writeClouds(text.replace(/^ {2}admin:/m, '  was:').replace(/^ {2}member:/m, '  admin:'));
    const ran = await carryOut();
    expect([ran.code, table.cloud.writes()]).toEqual([2, []]);
    expect(ran.errors[0]?.message).toMatch(/the login to admin leads to the project \S+, the plan .* was made for \S+/);
  });

  it('contradicts --out', async () => {
    expect((await carryOut('--out', path)).code).toBe(2);
  });

  it('is only compared with --dry-run: exit 3 where it can be carried out, exit 1 with what differs', async () => {
    await makePlan(table.x(['1']));
    const same = await carryOut('--dry-run');
    expect([same.code, same.errors, table.cloud.writes()]).toEqual([3, [], []]);
    expect(idsPlanned(same)).toHaveLength(2);
    expect((await table.manage(table.x(['1']))).code).toBe(0);
    table.cloud.clearLog();
    const moved = await carryOut('--dry-run');
    expect([moved.code, moved.errors[0]?.code, table.cloud.writes()]).toEqual([1, 'CONFLICT', []]);
  });

  it('says where it is from in words that a person reads', async () => {
    const printed: Printed = await table.print(
      'dry-run',
      '--cloud',
      'admin',
      '--images',
      await table.write(table.x(['1'])),
      '--out',
      path,
    );
    expect(printed.err).toContain(`Plan written to ${path}: 2 actions`);
    expect(printed.err).toContain(`imgmgr manage --plan ${path} does exactly that, or refuses`);
  });
});

describe('a plan file that cannot be used', () => {
  it('asks for help in its flags: it is refused, and no help is the answer', async () => {
    const plan = {at: '2026-01-31T00:00:00Z', definitions: [], clouds: [], flags: [['--help', true] as [string, true]]};
    await writeFile(path, planText(plan));
    const ran = await carryOut();
    expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining("unknown option '--help'")]);
  });

  it.each<[string, () => Promise<unknown>, RegExp]>([
    ['is not there', () => Promise.resolve(), /the plan \S+ does not exist/],
    ['is a folder', () => mkdir(path), /is a folder, not a regular file/],
    ['is a FIFO', () => Promise.resolve(execFileSync('mkfifo', [path])), /is a FIFO, not a regular file/],
    ['is empty', () => writeFile(path, ''), /cut off or no JSON/],
    ['is something else', () => writeFile(path, '{"images": []}'), /no plan of imgmgr/],
    ['is binary', () => writeFile(path, Buffer.from([0xff, 0xfe, 0, 1, 2])), /cut off or no JSON/],
    [
      'has 100 MB',
      async () => {
        await writeFile(path, '{');
        await truncate(path, 100_000_000);
      },
      /is larger than \d+ bytes/,
    ],
  ])('is an error that says so when it %s', async (_what, make, message) => {
    await make();
    const ran = await carryOut();
    expect([ran.code, ran.errors[0]?.code, table.cloud.requests]).toEqual([2, 'USAGE', []]);
    expect(ran.errors[0]?.message).toMatch(message);
    expect(ran.errors[0]?.hint).toMatch(/dry-run --out/);
  });

  it.each<[string, (text: string) => string, RegExp]>([
    ['edited', (text) => text.replace('"version": "1"', '"version": "2"'), /its checksum does not fit/],
    ['cut off', (text) => text.slice(0, -200), /cut off or no JSON/],
    [
      'of a later version',
      (text) => text.replace('"version": 1,', '"version": 9,'),
      /is of version 9, this imgmgr reads version 1/,
    ],
  ])('is an error that says so when it is %s', async (_what, change, message) => {
    await makePlan(table.x(['1']));
    const text = await readFile(path, 'utf8');
    expect(change(text)).not.toBe(text);
    await writeFile(path, change(text));
    const ran = await carryOut();
    expect([ran.code, table.cloud.requests]).toEqual([2, []]);
    expect(ran.errors[0]?.message).toMatch(message);
  });

  it('may be readable by others, and shows no control characters of its own', async () => {
    await makePlan(table.x(['1']));
    await chmod(path, 0o644);
    const hostile = join(table.folder, 'p\u001b[31m.json');
    await writeFile(hostile, 'x');
    const {err, code} = await table.print('manage', '--plan', hostile);
    expect([code, err.includes('\u001b')]).toEqual([2, false]);
    expect((await carryOut()).code).toBe(0);
  });
});

describe('a change between the two comparisons', () => {
  it('refuses only the definition that differs', async () => {
    const y = table.x(['1'], {name: 'Y'});
    await table.manage([table.x(['1']), y]);
    await makePlan([table.x(['2']), table.x(['2'], {name: 'Y'})]);
    const stop = table.cloud.interceptWrites({
      arrived: ({number}) => {
        // The first write is the lease: all clouds were compared before.
        if (number === 1) table.byHand('Y', {protected: true});
        return 'pass';
      },
    });
    const ran = await carryOut();
    stop();
    expect(ran.code).toBe(1);
    expect(ran.errors.map(({message}) => message)).toEqual([expect.stringMatching(/^Y differs from the plan: /)]);
    expect(table.named('X')['internal_version']).toBe('2');
    expect(table.named('Y')['internal_version']).toBe('1');
    expect(table.names().filter((name) => name.includes('lease'))).toEqual([]);
  });
});
