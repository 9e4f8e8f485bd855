import {existsSync, mkdirSync, readFileSync, readlinkSync, truncateSync, writeFileSync} from 'node:fs';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {describe, expect, it} from 'vitest';
import {writeStandIns} from '../../src/build/stand-ins.ts';
import {clearBuild} from '../../src/build/sweep.ts';
import {fileOf, hindrance, leftovers} from './support/host.ts';
import {Place} from './support/place.ts';

/** The stand-ins, and disks to try them on. */
interface Bench {
  readonly run: (command: string, ...args: readonly string[]) => Promise<string>;
  /** A disk of 16 MiB with these partitions, as sfdisk reads them. */
  readonly disk: (name: string, table: string) => Promise<string>;
  /** The same, on a loop device. */
  readonly attach: (name: string, table: string) => Promise<string>;
}

async function onBench(test: (bench: Bench) => Promise<void>): Promise<void> {
  const place = new Place();
  const bin = join(place.base, 'bin');
  mkdirSync(bin);
  await writeStandIns(bin);
  const run: Bench['run'] = async (command, ...args) => {
    const env = {PATH: `${bin}:${process.env['PATH'] ?? ''}`};
    const {exitCode, stdout, stderr} = await place.exec.run(command, args, {env});
    if (exitCode !== 0) throw new Error(`${command} ended with ${exitCode}: ${stderr}`);
    return stdout.trim();
  };
  const disk: Bench['disk'] = async (name, table) => {
    const path = join(place.base, name);
    writeFileSync(path, '');
    truncateSync(path, 16 * 1024 ** 2);
    await run('sh', '-c', 'printf "$1" | sfdisk -q "$2"', 'sh', table, path);
    return path;
  };
  try {
    await test({run, disk, attach: async (name, table) => run('losetup', '-f', '--show', await disk(name, table))});
    expect(leftovers(place.base).filter((left) => left.startsWith('link'))).toEqual([]);
  } finally {
    await clearBuild(place.exec, place.base);
    await place.close();
  }
}

const ONE = 'start=2048\n';
const TWO = 'start=2048,size=4096\nstart=8192,size=2048\n';

const link = (loop: string, number: number): string => `/dev/mapper/${loop.slice(5)}p${number}`;
const target = (path: string): string => readlinkSync(path).slice(5);
const setting = (loop: string, name: string): string => readFileSync(`/sys/block/${loop}/loop/${name}`, 'utf8').trim();

describe.skipIf(hindrance() !== undefined)('kpartx without device-mapper', {concurrent: true}, () => {
  it('makes a device of each partition, at its place and of its size, and says so as kpartx does', async () => {
    await onBench(async ({run, attach}) => {
      const loop = await attach('a', TWO);
      const said = await run('kpartx', '-uvs', loop);
      const [first, second] = [target(link(loop, 1)), target(link(loop, 2))];
      expect([setting(first, 'offset'), setting(first, 'sizelimit')]).toEqual([`${2048 * 512}`, `${4096 * 512}`]);
      expect([setting(second, 'offset'), setting(second, 'sizelimit')]).toEqual([`${8192 * 512}`, `${2048 * 512}`]);
      const number = (name: string): string => readFileSync(`/sys/block/${name}/dev`, 'utf8').trim();
      const disk = loop.slice(5);
      expect(said.split('\n')).toEqual([
        `add map ${disk}p1 (${number(first)}): 0 4096 linear ${number(disk)} 2048`,
        `add map ${disk}p2 (${number(second)}): 0 2048 linear ${number(disk)} 8192`,
      ]);
      expect(await run('kpartx', '-dv', loop)).toBe(`del devmap : ${disk}p1\ndel devmap : ${disk}p2`);
      expect([fileOf(first), fileOf(second)]).not.toContain(fileOf(disk));
      await run('losetup', '-d', loop);
    });
  });

  it.each([
    ['GPT', `label: gpt\n${TWO}`, [1, 2]],
    ['an MBR with gaps in its numbers', '1: start=2048,size=2048\n3: start=6144,size=2048\n', [1, 3]],
  ])('knows the partitions of %s by their numbers', async (_, table, numbers) => {
    await onBench(async ({run, attach}) => {
      const loop = await attach('a', table);
      await run('kpartx', '-av', loop);
      expect([1, 2, 3, 4].filter((number) => existsSync(link(loop, number)))).toEqual(numbers);
      await run('kpartx', '-d', loop);
      await run('losetup', '-d', loop);
    });
  });

  it('asked again changes nothing; after a new table, only what has changed', async () => {
    await onBench(async ({run, attach}) => {
      const loop = await attach('a', TWO);
      await run('kpartx', '-uvs', loop);
      const [first, second] = [target(link(loop, 1)), target(link(loop, 2))];
      expect(await run('kpartx', '-uvs', loop)).toBe('');
      expect([target(link(loop, 1)), target(link(loop, 2))]).toEqual([first, second]);
      await run('sh', '-c', 'echo start=2048,size=4096 | sfdisk -q "$1"', 'sh', loop);
      expect(await run('kpartx', '-uvs', loop)).toBe(`del devmap : ${loop.slice(5)}p2`);
      expect(target(link(loop, 1))).toBe(first);
      expect(existsSync(link(loop, 2))).toBe(false);
      await run('kpartx', '-d', loop);
      await run('losetup', '-d', loop);
    });
  });

  it('removes the partitions of this disk only', async () => {
    await onBench(async ({run, attach}) => {
      const [a, b] = [await attach('a', ONE), await attach('b', ONE)];
      await run('kpartx', '-av', a);
      await run('kpartx', '-av', b);
      const other = target(link(b, 1));
      await run('kpartx', '-d', a);
      expect(existsSync(link(a, 1))).toBe(false);
      expect(fileOf(target(link(b, 1)))).toBe(fileOf(b.slice(5)));
      // A link that somebody left under our name: it goes, the device of the other disk stays.
      await run('ln', '-s', `/dev/${other}`, link(a, 7));
      await run('kpartx', '-d', a);
      expect(existsSync(link(a, 7))).toBe(false);
      expect(fileOf(other)).toBe(fileOf(b.slice(5)));
      await run('kpartx', '-d', b);
      await run('losetup', '-d', a);
      await run('losetup', '-d', b);
    });
  });

  it('takes many disks at once', async () => {
    await onBench(async ({run, attach}) => {
      const loops = await Promise.all(['a', 'b', 'c', 'd'].map((name) => attach(name, TWO)));
      await Promise.all(loops.map((loop) => run('kpartx', '-uvs', loop)));
      for (const loop of loops)
        for (const number of [1, 2]) expect(fileOf(target(link(loop, number)))).toBe(fileOf(loop.slice(5)));
      await Promise.all(loops.map((loop) => run('kpartx', '-d', loop)));
      for (const loop of loops) expect(existsSync(link(loop, 1))).toBe(false);
      await Promise.all(loops.map((loop) => run('losetup', '-d', loop)));
    });
  });

  it('takes a file as well: attaches it, and detaches it with its partitions', async () => {
    await onBench(async ({run, disk}) => {
      const file = await disk('a', ONE);
      const said = await run('kpartx', '-av', file);
      const name = /^add map (loop\d+)p1 /.exec(said)?.[1] ?? '';
      expect(fileOf(name)).toBe(file);
      await run('kpartx', '-d', file);
      expect(await run('losetup', '-n', '-O', 'NAME', '-j', file)).toBe('');
      await run('kpartx', '-d', file);
    });
  });

  it('refuses what is no disk, and what it does not know', async () => {
    await onBench(async ({run, disk}) => {
      await expect(run('kpartx', '-l', await disk('a', ONE))).rejects.toThrow('not known: -l');
      await expect(run('kpartx', '-av', '/nonexistent')).rejects.toThrow();
      await expect(run('kpartx')).rejects.toThrow('usage');
    });
  });
});

describe.skipIf(hindrance() !== undefined)('dmsetup without device-mapper', {concurrent: true}, () => {
  it('removes the partition that it is told, as diskimage-builder asks after a failure', async () => {
    await onBench(async ({run, attach}) => {
      const loop = await attach('a', TWO);
      await run('kpartx', '-av', loop);
      await run('dmsetup', 'remove', `${loop.slice(5)}p1`);
      expect([1, 2].map((number) => existsSync(link(loop, number)))).toEqual([false, true]);
      // Whoever looks at the device for a moment delays its end.
      while ((await run('losetup', '-n', '-O', 'NAME', '-j', fileOf(loop.slice(5)) ?? '')).split('\n').length > 2)
        await sleep(20);
      await run('dmsetup', '--noudevsync', 'mknodes');
      await expect(run('dmsetup', 'remove', 'none')).rejects.toThrow('no such device');
      await expect(run('dmsetup', 'create', 'x')).rejects.toThrow('no device-mapper');
      await run('kpartx', '-d', loop);
      await run('losetup', '-d', loop);
    });
  });
});

describe.skipIf(hindrance() !== undefined)('sudo beside them', {concurrent: true}, () => {
  it('runs the command as it is, with the stand-ins first on its PATH and without our TMPDIR', async () => {
    await onBench(async ({run}) => {
      expect(await run('sudo', '-E', '-n', 'sh', '-c', 'echo "$1" $#', 'sh', 'a  b', '-x')).toBe('a  b 2');
      expect(await run('sudo', 'sh', '-c', 'dirname "$(command -v kpartx)"')).toMatch(/\/bin$/);
      expect(await run('env', 'TMPDIR=/x', 'KEPT=1', 'sudo', '--', 'env')).toMatch(/^KEPT=1$/m);
      expect(await run('env', 'TMPDIR=/x', 'sudo', '--', 'env')).not.toMatch(/^TMPDIR=/m);
      expect(await run('sudo', 'A=1', 'sh', '-c', 'echo $A')).toBe('1');
      expect(await run('sudo', '-u', 'nobody', 'id', '-un')).toBe('nobody');
      expect(await run('sudo', '-u', 'root', 'id', '-un')).toBe('root');
    });
  });
});
