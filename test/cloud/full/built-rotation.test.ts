import {mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {consoles} from '../../evidence.ts';
import {RealCompute} from '../support/compute.ts';
import {RealGlance} from '../support/glance.ts';
import type {Verdict} from '../support/imgmgr.ts';
import {imgmgr} from '../support/imgmgr.ts';
import {looksAsUsersWant, withUserServer} from '../support/server.ts';
import {show} from '../support/verified.ts';

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const NAME = 'Verified Debian';

let dir: string;
let glance: RealGlance;
let compute: RealCompute;
let env: Record<string, string>;

beforeAll(async () => {
  await execa(join(ROOT, 'test/cloud/debian/build'), {stdio: ['ignore', 'ignore', 'inherit']});
  const {stdout} = await execa(join(ROOT, 'scripts/setup-dib.sh'));
  const named = [...stdout.matchAll(/^export (\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]);
  env = {...(Object.fromEntries(named) as Record<string, string>), XDG_STATE_HOME: join(ROOT, '.cache/debian/state')};
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-full-'));
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  compute = await RealCompute.login('admin');
}, 1_200_000);
afterAll(async () => {
  await compute.clear();
  await glance.clear(NAME);
  await rm(dir, {recursive: true, force: true});
});

/** `id outcome` of every check that counts; how long something took may differ between two boots. */
function outcomes(verdict: Verdict | undefined): readonly string[] {
  return (verdict?.checks ?? []).filter(({severity}) => severity === 'fail').map(({id, outcome}) => `${id} ${outcome}`);
}

describe('a definition that is built, on the real OpenStack', () => {
  it('is built anew when its packages change, verified, and takes over the name; the old one is retired and kept by its promise', async () => {
    const text = await readFile(join(ROOT, 'test/cloud/debian/images.yml'), 'utf8');
    const images = join(dir, 'images.yml');
    const manage = ['manage', '--cloud', 'admin', '--images', images, '--verify', '--keep-artifacts', '2'];
    await writeFile(images, text);
    const first = await imgmgr(manage, env);
    expect(first).toMatchObject({code: 0});
    const key = join(dir, 'key');
    await execa('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'operator', '-f', key]);
    const publicKey = (await readFile(`${key}.pub`, 'utf8')).trim();

    // The agent that the element installed gave that verdict; the one that is brought along gives the same, and finds the given key.
    const injected = await imgmgr(
      ['verify', '--cloud', 'admin', NAME, '--inject', '--network', 'lab-net', '--ssh-key', `${key}.pub`],
      {XDG_STATE_HOME: join(dir, 'injected')},
    );
    const verdicts = [first, injected].map(({lines}) => lines.find(({type}) => type === 'verdict')?.verdict);
    expect(verdicts[1], consoles(injected.lines)).toMatchObject({kind: 'pass', failed: []});
    expect(outcomes(verdicts[1])).toEqual(outcomes(verdicts[0]));
    expect(verdicts[1]?.checks.find(({id}) => id === 'authorized-keys')).toMatchObject({
      outcome: 'pass',
      detail: 'the given key alone',
    });

    await writeFile(images, text.replace(/packages: \[/, 'packages: [curl, '));
    const ran = await imgmgr(manage, env);
    expect(ran.lines.filter(({type}) => type === 'built')).toHaveLength(1);
    expect(
      ran.lines.find(({type}) => type === 'verdict'),
      consoles(ran.lines),
    ).toMatchObject({verdict: {kind: 'pass', failed: []}});
    expect(ran.done.map((done) => done.replace(/ .*/, ''))).toEqual(['acquire', 'verify', 'publish', 'retire']);
    expect(show(await glance.named(NAME))).toEqual([
      expect.stringMatching(/^Verified Debian \(\d{8}(\.\d+)?\) \| public \| retired \| pass$/) as string,
      `${NAME} | public | current | pass`,
    ]);
    expect(await imgmgr(manage, env)).toMatchObject({code: 0, writes: []});

    const current = (await glance.named(NAME)).find(({name}) => name === NAME);
    await withUserServer(compute, {image: current?.id ?? '', key, publicKey}, (server) =>
      looksAsUsersWant(server, publicKey),
    );

    await writeFile(images, text.replace(/packages: \[/, 'packages: [curl, ').replace('last-2', 'last-1'));
    const last = await imgmgr([...manage, '--delete', '--yes'], env);
    expect(last.code).toBe(0);
    // Its own promise of two protects the old image, whatever the definition says by now.
    expect(show(await glance.named(NAME))).toHaveLength(2);
    expect(await compute.ours()).toEqual([]);
  }, 2_400_000);
});
