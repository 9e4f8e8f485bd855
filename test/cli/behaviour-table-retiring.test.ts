import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {stoppedClock} from '../fakes/clock.ts';
import type {FakeCloudOptions} from '../fakes/fake-cloud.ts';
import {fakeIo} from './fake-io.ts';
import {listed} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;

beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

async function reopen(options: FakeCloudOptions): Promise<void> {
  await table.close();
  table = await openTable(options);
}

const ALL_FIVE = [
  'X (1) | public | oldgeneric',
  'X (2) | public | oldgeneric',
  'X (3) | public | oldgeneric',
  'X (4) | public | oldgeneric',
  'X | public | generic',
];

/** Versions 1 to 5, one after the other, as runs without a flag leave them. */
async function withFive(validity: string): Promise<string> {
  const text = (version: string): string => table.x([version], {}, {uuid_validity: validity});
  for (const version of ['1', '2', '3', '4', '5']) expect((await table.manage(text(version))).code).toBe(0);
  expect(table.show()).toEqual(ALL_FIVE);
  table.cloud.clearLog();
  return text('5');
}

/** `X 1` (superseded) and `X 2`, with `multi: false`; the text lists 2 alone. */
async function withTwo(validity: string): Promise<string> {
  await table.manage(table.n(['1', '2'], {}, {uuid_validity: validity}));
  expect(table.show()).toEqual(['X 1 | public | generic', 'X 2 | public | generic']);
  table.cloud.clearLog();
  return table.n(['2'], {}, {uuid_validity: validity});
}

describe('row 45: M[5] last-3 over X=5, (4)(3)(2)(1)', () => {
  it('no flag, D23: they were retired once, nothing more is done', async () => {
    const ran = await table.manage(await withFive('last-3'));
    expect([ran.code, ran.done, table.show(), table.cloud.writes()]).toEqual([0, [], ALL_FIVE, []]);
    expect(table.named('X (4)')['tags']).toEqual(['managed_by_imgmgr']);
  });

  it('--hide, D15: all four are os_hidden, name and visibility as they were, one PATCH each', async () => {
    const ran = await table.manage(await withFive('last-3'), '--hide');
    expect([ran.code, ran.done]).toEqual([0, ['hide 4', 'hide 3', 'hide 2', 'hide 1']]);
    expect(table.show()).toEqual(
      ALL_FIVE.map((line) => (line.includes('(') ? line.replace('public', 'public | hidden') : line)),
    );
    expect(table.cloud.writes().filter(({method, path}) => method === 'PATCH' && !path.includes('lease'))).toHaveLength(
      4,
    );
    await table.expectQuiet();
  });

  it('--delete --yes: (2) and (1) are gone, (4) and (3) stay', async () => {
    const ran = await table.manage(await withFive('last-3'), '--delete', '--yes');
    expect([ran.code, ran.done, ran.counts['deleted']]).toEqual([0, ['delete 2', 'delete 1'], 2]);
    expect(table.names()).toEqual(['X', 'X (3)', 'X (4)']);
    await table.expectQuiet();
  });
});

describe('multi: false with X 1 and X 2, only 2 listed', () => {
  it('row 46: last-1, --delete --yes: `X 1` is deleted', async () => {
    const ran = await table.manage(await withTwo('last-1'), '--delete', '--yes');
    expect([ran.code, ran.counts['deleted'], table.show()]).toEqual([0, 1, ['X 2 | public | generic']]);
    await table.expectQuiet();
  });

  it('row 47, D17, D23: --delete alone lists `X 1` and deletes nothing; it is retired once; exit 0', async () => {
    const ran = await table.manage(await withTwo('last-1'), '--delete');
    expect([ran.code, ran.done, ran.counts['deleted']]).toEqual([0, ['retire 1'], 0]);
    expect(ran.lines.find(({type}) => type === 'deletable')?.images).toMatchObject([{name: 'X 1'}]);
    expect(table.show()).toEqual(['X 1 | public | oldgeneric', 'X 2 | public | generic']);
    await table.expectQuiet();
  });

  it('row 47: --delete --yes --dry-run says so, changes nothing, exit 3', async () => {
    const ran = await table.manage(await withTwo('last-1'), '--delete', '--yes', '--dry-run');
    expect([ran.code, table.cloud.writes()]).toEqual([3, []]);
    expect(ran.lines.find(({type}) => type === 'planned')?.actions?.map(({kind}) => kind)).toContain('delete');
    expect(table.show()).toEqual(['X 1 | public | generic', 'X 2 | public | generic']);
    await table.expectQuiet();
  });

  it('row 47: --keep --delete --yes: unchanged', async () => {
    const ran = await table.manage(await withTwo('last-1'), '--keep', '--delete', '--yes');
    expect([ran.code, ran.done, table.cloud.writes()]).toEqual([0, [], []]);
    expect(table.show()).toEqual(['X 1 | public | generic', 'X 2 | public | generic']);
  });

  it('row 49, D15: --deactivate --hide: `X 1` is deactivated and os_hidden under its name, still public', async () => {
    const ran = await table.manage(await withTwo('last-1'), '--deactivate', '--hide');
    expect(ran.code).toBe(0);
    expect(table.show()).toEqual(['X 1 | public | hidden | deactivated | oldgeneric', 'X 2 | public | generic']);
    await table.expectQuiet();
  });

  it('row 50, D23: none, --delete --yes: retired once, not deleted', async () => {
    const ran = await table.manage(await withTwo('none'), '--delete', '--yes');
    expect([ran.code, ran.counts['deleted']]).toEqual([0, 0]);
    expect(table.show()).toEqual(['X 1 | public | oldgeneric', 'X 2 | public | generic']);
    await table.expectQuiet();
  });

  it('row 50, D23: none, --hide --deactivate: hidden, not deactivated', async () => {
    const ran = await table.manage(await withTwo('none'), '--hide', '--deactivate');
    expect(ran.code).toBe(0);
    expect(table.show()).toEqual(['X 1 | public | hidden | oldgeneric', 'X 2 | public | generic']);
    await table.expectQuiet();
  });
});

describe('what is not ours to clean up', () => {
  it('row 51: a definition that was removed: its images stay, with a warning', async () => {
    const last1 = {uuid_validity: 'last-1'};
    await table.manage([table.x(['1'], {name: 'Gone'}, last1), table.x(['1'])]);
    await table.manage([table.x(['2'], {name: 'Gone'}, last1), table.x(['1'])]);
    table.cloud.clearLog();
    const ran = await table.manage(table.x(['1']), '--delete', '--yes');
    expect([ran.code, ran.warnings, table.cloud.writes()]).toEqual([0, ['definition-gone'], []]);
    expect(table.names()).toEqual(['Gone', 'Gone (1)', 'X']);
  });

  it("row 53, D14: untagged, otherwise tagged, and other projects' images are never touched, whatever the flags", async () => {
    const mine = table.cloud.accounts.admin.projectId;
    const stamp = {imgmgr_definition: 'X', imgmgr_version: '0', imgmgr_state: 'retired', os_purpose: 'generic'};
    const others = [
      table.cloud.seed({name: 'X (9)', owner: mine, visibility: 'public'}),
      table.cloud.seed({name: 'X (8)', owner: mine, visibility: 'public', tags: ['managed_by_osism']}),
      table.cloud.seed({name: 'X (7)', owner: 'theirs', visibility: 'private', tags: ['managed_by_imgmgr']}),
      table.cloud.seed({
        name: 'X (6)',
        owner: 'theirs',
        visibility: 'public',
        tags: ['managed_by_imgmgr'],
        properties: stamp,
      }),
    ];
    const before = others.map((record) => JSON.stringify(table.cloud.images.view(record)));
    const last1 = {uuid_validity: 'last-1'};
    await table.manage(table.x(['1'], {}, last1));
    const ran = await table.manage(
      table.x(['2'], {}, last1),
      ...['--delete', '--yes', '--hide', '--deactivate', '--include-none', '--delete-in-use', '--force-state'],
    );
    expect([ran.code, ran.done]).toEqual([0, ['acquire 2', 'publish 2', 'retire 1', 'delete 1']]);
    expect(others.map((record) => JSON.stringify(table.cloud.images.view(record)))).toEqual(before);
    const touched = table.cloud.writes().filter(({path}) => others.some(({id}) => path.includes(id)));
    expect(touched).toEqual([]);
  });

  it('row 54, D7: --filter ^A$: B is neither imported nor cleaned up', async () => {
    const texts = (versions: readonly string[]): string[] =>
      ['A', 'B'].map((name) => table.x(versions, {name}, {uuid_validity: 'last-1'}));
    await table.manage(texts(['1']));
    await table.manage(texts(['2']));
    const ran = await table.manage(texts(['3']), '--filter', '^A$', '--delete', '--yes');
    expect(ran.code).toBe(0);
    expect(table.names()).toEqual(['A', 'B', 'B (1)']);
    expect([table.named('A')['internal_version'], table.named('B')['internal_version']]).toEqual(['3', '2']);
    await table.expectQuiet();
  });
});

describe('promises (D8)', () => {
  const TODAY = new Date('2026-03-10T12:00:00Z');

  it.each([
    ['forever', ['X', 'X (1)']],
    ['notice', ['X', 'X (1)']],
    ['2026-03-10', ['X', 'X (1)']],
    ['2026-03-09', ['X']],
    ['last-2', ['X', 'X (1)']],
    ['last-1', ['X']],
  ])('D8: uuid_validity %s on 2026-03-10, --delete --yes', async (validity, left) => {
    await reopen({clock: stoppedClock(TODAY)});
    const text = (version: string): string => table.x([version], {}, {uuid_validity: `'${validity}'`});
    await table.manage(text('1'));
    await table.manage(text('2'));
    expect((await table.manage(text('2'), '--delete', '--yes')).code).toBe(0);
    expect(table.names()).toEqual(left);
    await table.expectQuiet();
  });
});

describe('asking before a deletion (D17)', () => {
  /** The command line as it stands, on a terminal, with this answer typed. */
  async function onTerminal(answer: string, argv: readonly string[]): Promise<{code: number; err: string}> {
    const io = fakeIo({tty: true});
    io.input.end(`${answer}\n`);
    const env = {HOME: table.folder, PATH: process.env['PATH'], OS_CLIENT_CONFIG_FILE: `${table.folder}/clouds.yaml`};
    return {code: await run(argv, io, env), err: io.err()};
  }

  const deletion = async (): Promise<string[]> => {
    const text = await withFive('last-1');
    const images = await table.write(text);
    return ['manage', '--cloud', 'admin', '--images', images, '--no-verify', '--delete'];
  };

  it('D17: on a terminal the images are listed and asked for; yes deletes them', async () => {
    const {code, err} = await onTerminal('y', await deletion());
    expect(code).toBe(0);
    expect(err).toMatch(/These 4 images on cloud \S+ will be deleted:[\s\S]*X \(4\)[\s\S]*Delete\? \[y\/N\]/);
    expect(table.names()).toEqual(['X']);
  });

  it('D17: on a terminal, anything else changes nothing', async () => {
    const {code} = await onTerminal('n', await deletion());
    expect([code, table.cloud.writes()]).toEqual([1, []]);
    expect(table.show()).toEqual(ALL_FIVE);
  });

  it('--max-delete: one more than allowed fails the run before the first, also before any import', async () => {
    await withFive('last-1');
    const six = table.x(['6'], {}, {uuid_validity: 'last-1'});
    const ran = await table.manage(six, '--delete', '--yes', '--max-delete', '4');
    expect([ran.code, ran.errors[0]?.code, table.cloud.writes()]).toEqual([1, 'LIMIT', []]);
    expect(ran.errors[0]?.message).toMatch(/5 .*4/);
    expect(table.show()).toEqual(ALL_FIVE);
    const allowed = await table.manage(six, '--delete', '--yes', '--max-delete', '5');
    expect([allowed.code, table.names()]).toEqual([0, ['X']]);
  });

  it('--include-none deletes what nobody promised anything about; without it, it stays', async () => {
    const text = await withFive('none');
    expect((await table.manage(text, '--delete', '--yes')).done).toEqual([]);
    const ran = await table.manage(text, '--delete', '--yes', '--include-none');
    expect([ran.code, table.names()]).toEqual([0, ['X']]);
    await table.expectQuiet();
  });

  it('--yes-i-really-know-what-i-do is --yes', async () => {
    const ran = await table.manage(await withFive('last-2'), '--delete', '--yes-i-really-know-what-i-do');
    expect([ran.code, table.names()]).toEqual([0, ['X', 'X (4)']]);
  });

  it('keep: true forbids deleting, and never retiring', async () => {
    const text = (version: string): string => table.x([version], {keep: 'true'}, {uuid_validity: 'last-1'});
    await table.manage(text('1'));
    const ran = await table.manage(text('2'), '--delete', '--yes');
    expect([ran.code, table.show()]).toEqual([0, ['X (1) | public | oldgeneric', 'X | public | generic']]);
    await table.expectQuiet();
  });

  it('a listed version is never deleted, however short its promise', async () => {
    const text = table.x([listed('1', table.serve('1')), '2'], {}, {uuid_validity: 'last-1'});
    const ran = await table.manage(text, '--delete', '--yes');
    expect([ran.code, table.names()]).toEqual([0, ['X', 'X (1)']]);
    await table.expectQuiet();
  });
});
