import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {startFakeCloud} from '../fakes/fake-cloud.ts';
import {computeHosts} from './fidelity-compute.ts';
import {RealGlance} from './support/glance.ts';
import type {Ran} from './support/imgmgr.ts';
import {imgmgr} from './support/imgmgr.ts';
import {login} from './support/login.ts';

const NAME = 'accept-silent X';
/** Nova's user of the cell's database, from the addresses that it comes from. */
const USERS = ["'lab'@'localhost'", "'lab'@'127.0.0.1'"];

let admin: RealGlance;
let dir = '';

beforeAll(async () => {
  admin = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-silent-'));
  await admin.clear(NAME);
});

afterAll(async () => {
  await letCellAnswer();
  await admin.clear(NAME);
  await rm(dir, {recursive: true, force: true});
});

async function sql(statement: string): Promise<string> {
  return (await execa('mysql', ['--skip-column-names', '-e', statement])).stdout;
}

/** Nova's API cannot read the database of its only cell any more; its connections there are cut. */
async function silenceCell(): Promise<void> {
  await sql(USERS.map((user) => `REVOKE ALL ON nova.* FROM ${user}`).join(';'));
  const ids = await sql("SELECT id FROM information_schema.processlist WHERE user = 'lab' AND db = 'nova'");
  for (const id of ids.split('\n').filter((line) => line !== '')) await sql(`KILL ${id}`).catch(() => undefined);
}

async function letCellAnswer(): Promise<void> {
  await sql(USERS.map((user) => `GRANT ALL ON nova.* TO ${user}`).join(';'));
}

/** As `GET /os-services` tells them while their cell does not answer. */
async function hostsOfRealNova(): Promise<readonly unknown[]> {
  return hostsSeen('http://127.0.0.1:8774/v2.1', (await login('admin')).token);
}

async function hostsOfFakeNova(): Promise<readonly unknown[]> {
  const cloud = await startFakeCloud();
  try {
    cloud.compute.silentHosts = ['compute-1'];
    const seen = await hostsSeen(`${cloud.url}/compute/v2.1`, cloud.token('admin'));
    // Another cell of the fake answers.
    return seen.filter((fact) => JSON.stringify(fact).includes('UNKNOWN'));
  } finally {
    await cloud.close();
  }
}

async function hostsSeen(url: string, token: string): Promise<readonly unknown[]> {
  const headers = {'x-auth-token': token, 'x-openstack-nova-api-version': '2.69'};
  return computeHosts((await (await fetch(`${url}/os-services`, {headers})).json()) as object);
}

async function write(...versions: readonly string[]): Promise<void> {
  for (const version of versions)
    await writeFile(join(dir, `${version}.img`), Buffer.alloc(500_000, `version ${version} `));
  const listed = versions.map(
    (version) => `{version: '${version}', url: 'file:${version}.img', build_date: 2026-01-02}`,
  );
  await writeFile(
    join(dir, 'images.yml'),
    `images:
  - {name: ${NAME}, format: raw, login: debian, min_disk: 1, min_ram: 64, status: active, visibility: public, multi: true, tags: [],
     meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-1}, versions: [${listed.join(', ')}]}
`,
  );
}

function run(...words: readonly string[]): Promise<Ran> {
  return imgmgr([...words, '--cloud', 'admin', '--images', join(dir, 'images.yml')]);
}

async function names(): Promise<string[]> {
  return (await admin.named(NAME)).map(({name}) => name).sort();
}

test('R15: while a cell of Nova does not answer nothing is deleted, and the warning says why; afterwards it is', async () => {
  for (const version of ['1', '2']) {
    await write(version);
    expect((await run('manage', '--no-verify')).code).toBe(0);
  }
  expect(await names()).toEqual([NAME, `${NAME} (1)`]);
  await silenceCell();
  try {
    const kept = await run('delete', '--yes');
    expect([kept.code, kept.counts['deleted']]).toEqual([0, 0]);
    const warnings = kept.lines.filter(({type, code}) => type === 'warning' && code === 'use-unknown');
    expect(warnings.map(({message}) => message)).toEqual([expect.stringContaining('a cell of admin')]);
    expect(await names()).toEqual([NAME, `${NAME} (1)`]);
    expect(await hostsOfRealNova()).toEqual(await hostsOfFakeNova());
  } finally {
    await letCellAnswer();
  }
  const gone = await run('delete', '--yes');
  expect([gone.code, gone.counts['deleted']]).toEqual([0, 1]);
  expect(await names()).toEqual([NAME]);
});
