import {afterAll, afterEach, beforeAll, describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import type {MisbehaveOptions, Misbehaviour, MisbehaviourName} from '../fakes/misbehaviour.ts';
import {fakeIo} from './fake-io.ts';
import type {FakeIo} from './fake-io.ts';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

/** The verbs that only read a cloud; `X` is published in two versions, and another tenant has an image as well. */
const VERBS: readonly (readonly [string, readonly string[]])[] = [
  ['status', ['status', '--cloud', 'admin']],
  ['status --all', ['status', '--all', '--cloud', 'admin']],
  ['show', ['show', 'X', '--cloud', 'admin']],
  ['dry-run', ['dry-run', '--no-verify', '--cloud', 'admin']],
  ['dry-run --delete', ['dry-run', '--no-verify', '--delete', '--yes', '--cloud', 'admin']],
  ['history --cloud', ['history', '--cloud', 'admin']],
];

let table: Table;
let images = '';

beforeAll(async () => {
  table = await openTable();
  for (const versions of [['1'], ['1', '2'], ['2', '3']])
    expect((await table.manage(table.x(versions, {}, {uuid_validity: 'last-1'}))).errors).toEqual([]);
  table.cloud.images.text(table.cloud.seed({name: 'Other', owner: 'somebody', visibility: 'public'}));
  images = await table.write(table.x(['3', '4'], {}, {uuid_validity: 'last-1'}));
});
afterAll(async () => table.close());
afterEach(() => {
  for (const misdeed of misdeeds.splice(0)) misdeed.stop();
});

/** What the cloud does wrong until the end of the test. */
const misdeeds: Misbehaviour[] = [];

function misbehave(name: MisbehaviourName, how: MisbehaveOptions): Misbehaviour {
  const misdeed = table.cloud.misbehave(name, how);
  misdeeds.push(misdeed);
  return misdeed;
}

function environment(): Readonly<Record<string, string>> {
  const clouds = `${table.folder}/clouds.yaml`;
  return {HOME: table.folder, OS_CLIENT_CONFIG_FILE: clouds, XDG_STATE_HOME: `${table.folder}/state`};
}

function begin(argv: readonly string[]): {readonly io: FakeIo; readonly ended: Promise<number>} {
  const io = fakeIo();
  const reads = argv[0] === 'show' || argv[0] === 'history' ? [] : ['--images', images];
  return {io, ended: run([...argv, ...reads], io, environment())};
}

/** The calls that the verb makes of a cloud that answers; it changes nothing there. */
async function callsOf(argv: readonly string[]): Promise<number> {
  const before = table.cloud.views();
  table.cloud.clearLog();
  const {io, ended} = begin(argv);
  expect([0, 3], io.err()).toContain(await ended);
  expect(table.cloud.views()).toEqual(before);
  return table.cloud.requests.length;
}

describe.each(VERBS)('%s', (_, argv) => {
  it('ends at the first signal, whichever of its calls is never answered', async () => {
    const calls = await callsOf(argv);
    expect(calls).toBeGreaterThan(1);
    for (let after = 0; after < calls; after += 1) {
      const misdeed = misbehave('neverAnswers', {times: Infinity, after});
      const {io, ended} = begin(argv);
      await expect.poll(misdeed.happened).toBeGreaterThan(0);
      io.send(after % 2 === 0 ? 'SIGINT' : 'SIGTERM');
      expect([await ended, io.left]).toEqual([after % 2 === 0 ? 130 : 143, []]);
      expect(io.err()).not.toMatch(/ERROR.*(?:log in|login|timed out|no answer)/);
      misdeed.stop();
    }
  });

  it('waits for a slow cloud, and answers the same', async () => {
    const first = begin(argv);
    await first.ended;
    misbehave('slowAnswers', {delayMs: 150});
    const slow = begin(argv);
    await slow.ended;
    expect(slow.io.out()).toBe(first.io.out());
  });
});

// The others log in and list by the same functions, and each case waits for its retries.
describe.each(VERBS.filter(([name]) => name === 'status --all' || name === 'show'))('%s', (_, argv) => {
  it.each<readonly [MisbehaviourName, number, RegExp]>([
    ['keystoneDown', 75, /503/],
    ['glance503', 75, /503/],
    ['htmlInsteadOfJson', 1, /admin|GET/],
    ['brokenEndpointInCatalog', 2, /catalog|endpoint/],
  ])('names what is wrong where the cloud does this for ever: %s → %i', async (name, code, text) => {
    misbehave(name, {times: Infinity});
    const {io, ended} = begin(argv);
    expect([await ended, io.err()]).toEqual([code, expect.stringMatching(text)]);
    expect(io.out() + io.err()).not.toContain('fake-secret');
  });
});

describe('two clouds, of which one refuses the login', () => {
  let refusing: FakeCloud;
  beforeAll(async () => {
    refusing = await startFakeCloud();
    const bad = refusing
      .cloudsYaml()
      .replaceAll('fake-secret', 'another')
      .replace(/^clouds:\n/, '')
      .replace(/^ {2}(\w+):$/gm, '  refusing-$1:');
    await table.writeClouds(`${table.cloud.cloudsYaml().trimEnd()}\n${bad}`);
  });
  afterAll(async () => refusing.close());

  it.each(VERBS.filter(([name]) => name !== 'show'))('%s answers for the other one, and exits 4', async (_, argv) => {
    const alone = begin(argv);
    await alone.ended;
    const both = begin([...argv, '--cloud', 'refusing-admin']);
    expect(await both.ended, both.io.err()).toBe(4);
    expect(both.io.err()).toMatch(/refusing/);
    const answer = alone.io
      .out()
      .split('\n')
      .filter((line) => /\bX\b/.test(line));
    expect(answer.length).toBeGreaterThan(0);
    for (const line of answer) expect(both.io.out().replaceAll(/ +/g, ' ')).toContain(line.replaceAll(/ +/g, ' '));
  });
});
