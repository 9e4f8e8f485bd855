import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {existsSync, mkdirSync, readdirSync, readlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {ownProcess, processStat} from '../../src/host/process.ts';
import {mountsBelow} from '../../src/build/mounts.ts';
import {writeStandIns} from '../../src/build/stand-ins.ts';
import {clearBuild, sweepBuilds} from '../../src/build/sweep.ts';
import {fileOf, hindrance} from './support/host.ts';
import {Place} from './support/place.ts';

/** Runs the test in a place that is cleared afterwards, also when it fails. */
async function inPlace(test: (place: Place) => Promise<void>): Promise<void> {
  const place = new Place();
  try {
    await test(place);
    expect(place.isHostWhole()).toBe(true);
  } finally {
    await place.close();
  }
}

/** The folder of a build whose process is dead. */
function deadBuild(place: Place, name = 'a'): string {
  const folder = join(place.base, 'root', `imgmgr-build-${name}`);
  mkdirSync(folder, {recursive: true, mode: 0o700});
  writeFileSync(join(folder, 'holder.json'), JSON.stringify({...ownProcess(), startTime: '1', definition: 'x'}));
  return folder;
}

async function run({exec}: Place, command: string, ...args: readonly string[]): Promise<string> {
  const {exitCode, stdout, stderr} = await exec.run(command, args);
  if (exitCode !== 0) throw new Error(`${command} ${args.join(' ')}: ${stderr}`);
  return stdout.trim();
}

/** A disk with one partition on a loop device, its partition mapped by the stand-in. */
async function attachDisk(place: Place, folder: string): Promise<{readonly loop: string; readonly partition: string}> {
  mkdirSync(join(place.base, 'tools'), {recursive: true});
  await writeStandIns(join(place.base, 'tools'));
  const file = join(folder, 'image0.raw');
  writeFileSync(file, '');
  truncateSync(file, 8 * 1024 ** 2);
  await run(place, 'sh', '-c', 'echo start=2048 | sfdisk -q "$1"', 'sh', file);
  const loop = await run(place, 'losetup', '-f', '--show', file);
  await run(place, join(place.base, 'tools', 'kpartx'), '-av', loop);
  return {loop, partition: `${loop.replace('/dev/', '/dev/mapper/')}p1`};
}

function mount(place: Place, ...args: readonly string[]): Promise<string> {
  return run(place, 'mount', ...args);
}

describe.skipIf(hindrance() !== undefined)('a sweep', {concurrent: true}, () => {
  it('removes mounts over mounts, in folders with blanks, and bound folders of the host but not what is in them', async () => {
    await inPlace(async (place) => {
      const folder = deadBuild(place);
      const tree = join(folder, 'tree with blank');
      mkdirSync(tree);
      await mount(place, '-t', 'tmpfs', 'none', tree);
      await mount(place, '-t', 'tmpfs', 'none', tree);
      mkdirSync(join(tree, 'dev'));
      mkdirSync(join(tree, 'back\\slash\nline'));
      await mount(place, '--bind', join(place.base, 'dev'), join(tree, 'dev'));
      await mount(place, '-t', 'proc', 'none', join(tree, 'back\\slash\nline'));
      expect(mountsBelow(folder)).toHaveLength(4);
      expect(await sweepBuilds(place.exec, join(place.base, 'root'))).toEqual({removed: [folder], left: []});
      expect(place.leftovers()).toEqual([]);
    });
  });

  it('detaches what is still in use by a file that is open elsewhere', async () => {
    await inPlace(async (place) => {
      const folder = deadBuild(place);
      mkdirSync(join(folder, 'tree'));
      await mount(place, '-t', 'tmpfs', 'none', join(folder, 'tree'));
      writeFileSync(join(folder, 'tree', 'file'), '');
      const user = spawn('/bin/sh', ['-c', 'exec 3<"$0"; echo ready; exec sleep 600', join(folder, 'tree', 'file')], {
        cwd: '/',
      });
      try {
        await once(user.stdout, 'data');
        expect((await sweepBuilds(place.exec, join(place.base, 'root'))).left).toEqual([]);
        expect(place.leftovers()).toEqual([]);
        expect(processStat(user.pid ?? 0)?.dead).toBe(false);
      } finally {
        user.kill('SIGKILL');
      }
    });
  });

  it('removes loop devices and partitions, also when their file is deleted', async () => {
    await inPlace(async (place) => {
      const folder = deadBuild(place);
      const {loop, partition} = await attachDisk(place, folder);
      await run(place, 'mkfs.ext4', '-q', '-O', '^has_journal', partition);
      mkdirSync(join(folder, 'mnt'));
      await mount(place, partition, join(folder, 'mnt'));
      await run(place, 'rm', join(folder, 'image0.raw'));
      expect(fileOf(loop.slice(5))).toMatch(/ \(deleted\)$/);
      expect((await sweepBuilds(place.exec, join(place.base, 'root'))).left).toEqual([]);
      expect(place.leftovers()).toEqual([]);
    });
  });

  it('leaves alone what does not belong to a dead build: disks, mounts, processes', async () => {
    await inPlace(async (place) => {
      const beside = join(place.base, 'root-2');
      const living = join(place.base, 'root', 'imgmgr-build-living');
      for (const folder of [beside, living]) mkdirSync(folder, {recursive: true, mode: 0o700});
      writeFileSync(join(living, 'holder.json'), JSON.stringify({...ownProcess(), definition: 'x'}));
      const disk = await attachDisk(place, beside);
      mkdirSync(join(living, 'tree'));
      await mount(place, '-t', 'tmpfs', 'none', join(living, 'tree'));
      const neighbour = spawn('/bin/sh', ['-c', 'echo ready; exec sleep 600'], {cwd: living});
      try {
        await once(neighbour.stdout, 'data');
        const folder = deadBuild(place);
        const own = await attachDisk(place, folder);
        expect(await sweepBuilds(place.exec, join(place.base, 'root'))).toEqual({removed: [folder], left: []});
        expect(fileOf(disk.loop.slice(5))).toBe(join(beside, 'image0.raw'));
        expect(fileOf(readlinkSync(disk.partition).slice(5))).toBe(join(beside, 'image0.raw'));
        expect(fileOf(own.loop.slice(5)) ?? '').not.toContain(folder);
        expect(mountsBelow(living)).toEqual([join(living, 'tree')]);
        expect(processStat(neighbour.pid ?? 0)?.dead).toBe(false);
      } finally {
        neighbour.kill('SIGKILL');
        await clearBuild(place.exec, living);
        await clearBuild(place.exec, beside);
      }
    });
  });

  it('is as good twice as once, and two at a time do not disturb each other', async () => {
    await inPlace(async (place) => {
      const folder = deadBuild(place);
      await attachDisk(place, folder);
      mkdirSync(join(folder, 'tree'));
      await mount(place, '-t', 'tmpfs', 'none', join(folder, 'tree'));
      const root = join(place.base, 'root');
      await Promise.all([sweepBuilds(place.exec, root), sweepBuilds(place.exec, root)]);
      expect(place.leftovers()).toEqual([]);
      expect(await sweepBuilds(place.exec, root)).toEqual({removed: [], left: []});
    });
  });

  it('of a root that is not there does nothing', async () => {
    await inPlace(async (place) => {
      expect(await sweepBuilds(place.exec, join(place.base, 'none'))).toEqual({removed: [], left: []});
    });
  });

  it('removes no folder in which something is still mounted, and tells', async () => {
    await inPlace(async (place) => {
      const folder = deadBuild(place);
      mkdirSync(join(folder, 'tree'));
      await mount(place, '--bind', join(place.base, 'dev'), join(folder, 'tree'));
      const real = place.exec;
      const exec = {
        ...real,
        run: ((...call) => (call[0] === 'umount' ? real.run('false', []) : real.run(...call))) as typeof real.run,
      };
      expect(await sweepBuilds(exec, join(place.base, 'root'))).toEqual({
        removed: [],
        left: [{folder, reason: `still mounted: ${join(folder, 'tree')}`}],
      });
      expect(existsSync(join(folder, 'holder.json'))).toBe(true);
      expect((await sweepBuilds(real, join(place.base, 'root'))).left).toEqual([]);
      expect(readdirSync(join(place.base, 'root'))).toEqual([]);
    });
  });
});
