import {readdirSync, readFileSync, utimesSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Desk} from '../cli/operator.ts';
import {asOfThisHost, copyStored, openStored, stored} from './fixture.ts';

let desk: Desk;
let folder: string;

beforeEach(async () => {
  desk = await openStored();
  folder = copyStored(desk, 'local');
});
afterEach(async () => desk.close());

async function manage(name: string, ...flags: string[]) {
  return desk.imgmgr('manage', '--cloud', 'local', '--images', await stored(desk, name), ...flags);
}

/** The files of the cloud but for those of the images. */
function besidesImages(): string[] {
  return ['aside', 'locks', 'servers'].flatMap((name) =>
    readdirSync(join(folder, name), {recursive: true, encoding: 'utf8'}),
  );
}

describe('a folder of the cloud local that commit 1098701 wrote', () => {
  it('is gone on with: the image that is ready is published, and then the same run does nothing', async () => {
    const ran = await manage('local-2');
    expect([ran.code, ran.done], ran.text).toEqual([0, expect.arrayContaining(['publish 1'])]);
    expect(ran.done).not.toContain('acquire 2');
    const again = await manage('local-2');
    expect([again.code, again.done]).toEqual([0, []]);
  });

  it('is rotated: its current image is retired, the new one has its name', async () => {
    expect((await manage('local-3')).code).toBe(0);
    const planned = await desk.imgmgr(
      ...['dry-run', '--cloud', 'local', '--images', await stored(desk, 'local-3'), '--profile', 'openstack'],
    );
    expect([planned.code, planned.counts['unchanged']]).toEqual([0, 2]);
    const names = readdirSync(join(folder, 'images')).map((id) => nameOf(id));
    expect(names.sort()).toEqual(['Killed (1)', 'Local', 'Local (1)', 'Local (2)', 'Ready']);
  });

  it('is rid of what killed processes left: at once where they were on this host, else when they were silent long enough', async () => {
    expect(besidesImages().join(' ')).toMatch(/\.4026531836\..*\.upload.*stamp\.json/);
    const old = new Date(Date.now() - 3_600_000);
    for (const name of ['aside', 'locks'])
      for (const path of readdirSync(join(folder, name), {recursive: true, encoding: 'utf8'}))
        utimesSync(join(folder, name, path), old, old);
    for (const id of readdirSync(join(folder, 'servers'))) {
      const stamp = join(folder, 'servers', id, 'stamp.json');
      writeFileSync(stamp, asOfThisHost(readFileSync(stamp, 'utf8')));
    }
    expect((await manage('local-killed')).code).toBe(0);
    expect(besidesImages()).toEqual([]);
  });
});

function nameOf(id: string): string {
  const record = JSON.parse(readFileSync(join(folder, 'images', id, 'image.json'), 'utf8')) as {readonly name: string};
  return record.name;
}
