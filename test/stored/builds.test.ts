import {readdirSync} from 'node:fs';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Desk} from '../cli/operator.ts';
import {copyStored, openStored, stored} from './fixture.ts';

const FAKE = fileURLToPath(new URL('../fakes/disk-image-create/disk-image-create', import.meta.url));

let desk: Desk;
let artifact: string;

beforeEach(async () => {
  desk = await openStored(undefined, {env: {IMGMGR_DIB: FAKE}});
  const home = join(copyStored(desk, 'built'), 'artifacts');
  const [folder = ''] = readdirSync(home);
  const [name = ''] = readdirSync(join(home, folder));
  artifact = join(home, folder, name);
});
afterEach(async () => desk.close());

describe('a build that commit 1098701 made', () => {
  it('is used by the same definition: nothing is built, and its manifest says what it was made from', async () => {
    const ran = await desk.imgmgr('build', '--images', await stored(desk, 'built'));
    expect(ran.code, ran.text).toBe(0);
    const line = ran.lines.find(({type}) => type === 'artifact');
    expect(line).toMatchObject({reused: true, manifest: join(artifact, 'manifest.json')});
  });

  it('becomes an image, once', async () => {
    const argv = ['manage', '--cloud', 'local', '--images', await stored(desk, 'built')];
    const ran = await desk.imgmgr(...argv);
    expect([ran.code, ran.done], ran.text).toEqual([0, ['acquire 20261126', 'publish 20261126']]);
    const again = await desk.imgmgr(...argv);
    expect([again.code, again.done], again.text).toEqual([0, []]);
  });

  it('has a manifest that can be compared', async () => {
    const manifest = join(artifact, 'manifest.json');
    const ran = await desk.print('build', '--diff', manifest, manifest);
    expect([ran.code, ran.out]).toEqual([0, 'no difference\n']);
  });
});
