import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {consoles} from '../evidence.ts';
import {RealCompute} from './support/compute.ts';
import {RealGlance} from './support/glance.ts';
import {imgmgr} from './support/imgmgr.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const NAME = 'Verified Debian';
const IMAGES = join(ROOT, 'test/cloud/debian/images.yml');
/** With the build in it, and kept: the next run of this suite takes it again. */
const BUILT = {XDG_STATE_HOME: join(ROOT, '.cache/debian/state'), IMGMGR_DIB: join(ROOT, '.cache/dib')};

let dir: string;
let glance: RealGlance;
let compute: RealCompute;

beforeAll(async () => {
  await execa(join(ROOT, 'test/cloud/debian/build'), {stdio: ['ignore', 'ignore', 'inherit']});
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-debian-'));
  glance = await RealGlance.login('http://127.0.0.1:9292', 'admin');
  compute = await RealCompute.login('admin');
  await Promise.all([compute.clear(), glance.clear(NAME)]);
}, 1_200_000);
afterAll(async () => {
  await compute.clear();
  await glance.clear(NAME);
  await rm(dir, {recursive: true, force: true});
});

// With faults in it, and what the agent that is brought along says of the same image: full/.
describe('a Debian image built with diskimage-builder', {timeout: 1_200_000}, () => {
  it('is taken from its build to a published, verified image by one manage, and left alone by the next', async () => {
    const manage = ['manage', '--cloud', 'admin', '--images', IMAGES, '--verify', '--keep-artifacts', '1'];
    const ran = await imgmgr(manage, BUILT);
    expect(
      ran.lines.find(({type}) => type === 'verdict'),
      consoles(ran.lines),
    ).toMatchObject({verdict: {kind: 'pass', failed: []}});
    expect(ran).toMatchObject({code: 0});
    expect(ran.done.map((done) => done.replace(/ .*/, ''))).toEqual(['acquire', 'verify', 'publish']);
    expect(await compute.ours()).toEqual([]);
    const [image] = await glance.named(NAME);
    expect(image).toMatchObject({
      name: NAME,
      visibility: 'public',
      image_source: 'private',
      hw_firmware_type: 'bios',
      imgmgr_inputs: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      imgmgr_record: expect.stringMatching(/ manifest=sha256:[0-9a-f]{64} /) as string,
    });
    expect(await imgmgr(manage, BUILT)).toMatchObject({code: 0, writes: []});
  });
});
