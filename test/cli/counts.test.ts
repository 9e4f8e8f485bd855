import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {fakeIo} from './fake-io.ts';
import {listed} from './operator.ts';
import type {Printed} from './operator.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

type Numbers = Readonly<Record<string, number>>;

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

const LAST1 = {uuid_validity: 'last-1'};
const BOOT = {verify: '{mode: boot}'};
const PANIC = {console: 'Kernel panic - not syncing: no init'};

/** Writes definitions, and gives the command line that works on them. */
async function on(command: string, texts: readonly string[], ...flags: readonly string[]): Promise<string[]> {
  const text = `images:\n${texts.map((one) => one.replace(/^images:\n/, '')).join('')}`;
  return [command, '--cloud', 'admin', '--images', await table.write(text), ...flags];
}

async function first(text: string, ...flags: readonly string[]): Promise<void> {
  expect((await table.manage(text, ...flags)).code).toBe(0);
}

const quarantined = async (): Promise<string> => {
  table.cloud.compute.life = PANIC;
  const text = table.x(['1'], BOOT);
  expect((await table.run('manage', text, '--verify')).code).toBe(5);
  return text;
};

/** Definition Y whose list of digests is not there. */
const listless = (): string =>
  table.x([listed('1', table.serve('1'), {checksums_url: `${table.upstream.url}/absent`})], {name: 'Y'});

interface Case {
  readonly what: string;
  /** Makes the state, and gives the command line. */
  readonly prepare: () => Promise<readonly string[]>;
  readonly code: number;
  /** What the last line shows besides zeros, and which fields. */
  readonly counts: Numbers;
  readonly fields: string;
}

const MANAGE = 'imported updated retired deleted unchanged quarantined failed pending';
const IMPORT = 'imported updated retired unchanged quarantined failed pending';
const DRY_RUN = 'unchanged quarantined failed pending';

const CASES: readonly Case[] = [
  {
    what: 'manage that imports',
    prepare: () => on('manage', [table.x(['1'])]),
    code: 0,
    counts: {imported: 1},
    fields: MANAGE,
  },
  {
    what: 'manage with nothing to do',
    prepare: async () => (await first(table.x(['1', '2'])), on('manage', [table.x(['1', '2'])])),
    code: 0,
    counts: {unchanged: 2},
    fields: MANAGE,
  },
  {
    what: 'manage that mends, imports and leaves one alone',
    prepare: async () => {
      const other = table.x(['3'], {name: 'Z'});
      await table.manage([table.x(['1']), other]);
      return on('manage', [table.x(['1'], {min_ram: '128'}), other, table.x(['2'], {name: 'Y'})]);
    },
    code: 0,
    counts: {imported: 1, updated: 1, unchanged: 1},
    fields: MANAGE,
  },
  {
    what: 'manage that rotates and deletes',
    prepare: async () => {
      await first(table.x(['1'], {}, LAST1));
      return on('manage', [table.x(['2'], {}, LAST1)], '--delete', '--yes');
    },
    code: 0,
    counts: {imported: 1, retired: 1, deleted: 1},
    fields: MANAGE,
  },
  {
    what: 'manage whose source is gone, and that has another definition',
    prepare: async () => {
      await first(table.x(['2'], {name: 'Y'}));
      const gone = table.x([listed('1', `${table.upstream.url}/absent`)]);
      return on('manage', [gone, table.x(['2'], {name: 'Y'})]);
    },
    code: 1,
    counts: {unchanged: 1, failed: 1},
    fields: MANAGE,
  },
  {
    what: 'manage whose image fails its verification',
    prepare: async () => {
      table.cloud.compute.life = PANIC;
      return on('manage', [table.x(['1'], BOOT)], '--verify');
    },
    code: 5,
    counts: {quarantined: 1},
    fields: MANAGE,
  },
  {
    what: 'manage that keeps no failed image',
    prepare: async () => {
      table.cloud.compute.life = PANIC;
      return on('manage', [table.x(['1'], BOOT)], '--verify', '--quarantine', '0');
    },
    code: 5,
    counts: {failed: 1},
    fields: MANAGE,
  },
  {
    what: 'manage with an image that is quarantined',
    prepare: async () => on('manage', [await quarantined()], '--verify'),
    code: 5,
    counts: {quarantined: 1},
    fields: MANAGE,
  },
  {
    what: 'manage where no server can be booted',
    prepare: () => on('manage', [table.x(['1'])], '--verify', '--flavor', 'absent'),
    code: 75,
    counts: {failed: 1},
    fields: MANAGE,
  },
  {
    what: 'manage --no-wait',
    prepare: () => on('manage', [table.x(['1'])], '--no-wait'),
    code: 0,
    counts: {pending: 1},
    fields: MANAGE,
  },
  {
    what: 'manage that publishes what an earlier run left',
    prepare: async () => (await first(table.x(['1']), '--no-publish'), on('manage', [table.x(['1'])])),
    code: 0,
    counts: {imported: 1},
    fields: MANAGE,
  },
  {
    what: 'manage where the catalogue goes back',
    prepare: async () => (
      await first(table.x(['1'])),
      await first(table.x(['1', '2'])),
      on('manage', [table.x(['1'])])
    ),
    code: 0,
    counts: {updated: 1, retired: 1},
    fields: MANAGE,
  },
  {
    what: 'manage that deactivates what it imports',
    prepare: () => on('manage', [table.x(['1'], {status: 'deactivated'})]),
    code: 0,
    counts: {imported: 1},
    fields: MANAGE,
  },
  {
    what: 'manage with a digest list that is not there',
    prepare: () => on('manage', [table.x(['1']), listless()]),
    code: 1,
    counts: {imported: 1, failed: 1},
    fields: MANAGE,
  },
  {
    what: 'manage without a login',
    prepare: async () => {
      await table.writeClouds(table.cloud.cloudsYaml().replaceAll(table.cloud.accounts.admin.password, 'wrong'));
      return on('manage', [table.x(['1'])]);
    },
    code: 4,
    counts: {failed: 1},
    fields: MANAGE,
  },
  {
    what: 'import of an address',
    prepare: () =>
      Promise.resolve(['import', table.serve('1'), '--cloud', 'admin', '--disk-format', 'raw', '--name', 'I']),
    code: 0,
    counts: {imported: 1},
    fields: IMPORT,
  },
  {
    what: 'dry-run with four actions, something quarantined, something unchanged and a digest list that is not there',
    prepare: async () => {
      const bad = await quarantined();
      await table.manage([table.x(['2'], {name: 'Z'}), table.x(['3'], {name: 'W'})]);
      const [x, w] = [table.x(['2'], {name: 'Z'}), table.x(['4'], {name: 'W'})];
      return on('dry-run', [bad, x, w, listless()], '--verify');
    },
    code: 5,
    counts: {unchanged: 1, quarantined: 1, failed: 1, pending: 4},
    fields: DRY_RUN,
  },
  {
    what: 'hide',
    prepare: async () => (
      await first(table.x(['1'])),
      await first(table.x(['1', '2'])),
      on('hide', [table.x(['1', '2'])])
    ),
    code: 0,
    counts: {retired: 1},
    fields: 'retired failed',
  },
  {
    what: 'delete',
    prepare: async () => {
      await first(table.x(['1'], {}, LAST1));
      await first(table.x(['2'], {}, LAST1));
      return on('delete', [table.x(['2'], {}, LAST1)], '--yes');
    },
    code: 0,
    counts: {deleted: 1},
    fields: 'deleted unchanged failed',
  },
  {
    what: 'delete of an image in use',
    prepare: async () => {
      await first(table.x(['1'], {}, LAST1));
      await first(table.x(['2'], {}, LAST1));
      const imageId = String(table.named('X (1)')['id']);
      table.cloud.compute.servers.push({
        id: 's',
        name: 'web',
        projectId: table.cloud.accounts.member.projectId,
        imageId,
      });
      return on('delete', [table.x(['2'], {}, LAST1)], '--yes');
    },
    code: 0,
    counts: {unchanged: 1},
    fields: 'deleted unchanged failed',
  },
  {
    what: 'verify of an image that passes',
    prepare: async () => {
      table.cloud.compute.life = {console: 'x login: '};
      await first(table.x(['1'], BOOT));
      return on('verify', [table.x(['1'], BOOT)]);
    },
    code: 0,
    counts: {passed: 1},
    fields: 'passed failed',
  },
  {
    what: 'verify of one image that fails and of one that is not there',
    prepare: async () => {
      await first(table.x(['1'], BOOT));
      table.cloud.compute.life = PANIC;
      return [...(await on('verify', [table.x(['1'], BOOT)])), 'X', 'absent'];
    },
    code: 5,
    counts: {failed: 2},
    fields: 'passed failed',
  },
];

function numbersIn(text: string, pattern: RegExp): Numbers {
  return Object.fromEntries([...text.matchAll(pattern)].map(([, field = '', n]) => [field, Number(n)]));
}

function fromLine(text: string): Numbers {
  return numbersIn(text.trimEnd().split('\n').at(-1) ?? '', /(\w+): (\d+)(?=[, ])/g);
}

function fromJson({out}: Printed): {readonly counts: Numbers; readonly counted: readonly string[]} {
  const last = out.trimEnd().split('\n').at(-1) ?? '';
  return JSON.parse(last) as {counts: Numbers; counted: readonly string[]};
}

function fromJunit({out}: Printed): Numbers {
  return numbersIn(out, /<property name="(\w+)" value="(\d+)"\/>/g);
}

describe('R8: a command counts what it can change, and says the same numbers in every format', () => {
  it.each(CASES)('$what', async ({prepare, code, counts, fields}) => {
    const wanted = {...Object.fromEntries(fields.split(' ').map((field) => [field, 0])), ...counts};

    const human = await table.print(...(await prepare()));
    expect([human.code, fromLine(human.err)]).toEqual([code, wanted]);
    expect(Object.keys(fromLine(human.err))).toEqual(fields.split(' '));

    await table.close();
    table = await openTable();
    const json = fromJson(await table.print(...(await prepare()), '--json'));
    expect(Object.fromEntries(json.counted.map((field) => [field, json.counts[field]]))).toEqual(wanted);
    expect(Object.values(json.counts).reduce((a, b) => a + b)).toBe(Object.values(counts).reduce((a, b) => a + b));

    await table.close();
    table = await openTable();
    const junit = await table.print(...(await prepare()), '--format', 'junit');
    expect([fromJunit(junit), fromLine(junit.err)]).toEqual([wanted, wanted]);
  });
});

describe('R8: the plan of a dry run', () => {
  const prepare = async (): Promise<string[]> => {
    const bad = await quarantined();
    await table.manage(table.x(['1', '2'], {name: 'Z'}));
    return on('dry-run', [bad, table.x(['1', '2'], {name: 'Z'}), table.x(['3'], {name: 'W'}), listless()], '--verify');
  };

  it('has the same numbers above as below, and a line for what is quarantined or failed', async () => {
    const {out, err} = await table.print(...(await prepare()));
    expect(out).toMatch(/^admin: 3 actions, 2 unchanged, 1 quarantined, 1 failed\n/);
    expect(out).toMatch(/\n {2}quarantined X: X 1 failed its verification/);
    expect(out).toMatch(/\n {2}failed {5}Y: .*absent/);
    expect(out).toMatch(/\n {2}unchanged {2}Z: 2 images\n/);
    expect(out).not.toMatch(/unchanged {2}[XY]/);
    expect(fromLine(err)).toEqual({unchanged: 2, quarantined: 1, failed: 1, pending: 3});
  });

  it('says in JSON what each definition counts', async () => {
    const {out} = await table.print(...(await prepare()), '--json');
    const planned = out.split('\n').find((line) => line.includes('"type":"planned"')) ?? '';
    const {definitions, unchanged} = JSON.parse(planned) as {
      definitions: readonly {name: string}[];
      unchanged: unknown;
    };
    expect(unchanged).toEqual(['Z']);
    expect(definitions).toMatchObject([
      {name: 'X', unchanged: 0, quarantined: 1, failed: 0, reasons: [{counted: 'quarantined'}]},
      {name: 'Z', unchanged: 2, quarantined: 0, failed: 0, reasons: []},
      {name: 'W', unchanged: 0, quarantined: 0, failed: 0, pending: 0, reasons: []},
      {name: 'Y', unchanged: 0, quarantined: 0, failed: 1, reasons: [{counted: 'failed'}]},
    ]);
  });
});

it('R8: an image whose boot was interrupted is not imported', async () => {
  const io = fakeIo();
  table.cloud.compute.life = {console: 'still booting'};
  table.cloud.compute.onServer = () => io.send('SIGINT');
  const argv = await on('manage', [table.x(['1'], BOOT)], '--verify', '--json');
  const code = await run(argv, io, {
    HOME: table.folder,
    OS_CLIENT_CONFIG_FILE: `${table.folder}/clouds.yaml`,
    XDG_STATE_HOME: table.folder,
  });
  expect([code, fromJson({code, out: io.out(), err: ''}).counts]).toMatchObject([130, {imported: 0, failed: 0}]);
  expect(table.show()).toEqual([]);
});

it('R8: the plan that manage tells names what needs nothing beside what it does', async () => {
  await first(table.x(['1'], {name: 'Z'}));
  const ran = await table.manage([table.x(['1'], {name: 'Z'}), table.x(['2'])]);
  expect(ran.lines.find(({type}) => type === 'planned')).toMatchObject({unchanged: ['Z']});
});
