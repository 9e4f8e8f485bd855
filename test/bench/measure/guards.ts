import {mkdtemp, open, rm, truncate} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createExec} from '../../../src/exec.ts';
import type {Confinement} from '../../../src/host/confine.ts';
import {findConfinement} from '../../../src/host/confine.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {run} from '../child.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import type {HostBench} from './bench.ts';

const BYTES = 4 * 2 ** 30;
/** An hour, which nobody waits for. */
const LIMIT_MS = 3_600_000;

/** Format and options of qemu-img: the files of the first two have 4 GiB with holes, that of a VMDK has only its tables. */
const DISKS = [
  ['raw', []],
  ['qcow2', ['-o', 'preallocation=metadata']],
  ['vmdk', []],
] as const;

/** What both guards take for a file of 4 GiB, the sandbox included, beside one `qemu-img info` without one. */
export async function measureGuards(bench: HostBench): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-bench-guards-'));
  try {
    const figures: Figure[] = [];
    const exec = createExec(process.env);
    const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
    const confinement = await findConfinement(exec.run, `${bench.root}/dist/agent/imgmgr-confine-${machine}`);
    if (confinement.kind === 'none') throw new Error('nothing confines qemu-img here');
    for (const [format, options] of DISKS) {
      const path = join(folder, `disk.${format}`);
      await makeDisk(path, format, options);
      figures.push(await measure(bench, {folder, path, format, confinement}));
    }
    return figures;
  } finally {
    await rm(folder, {recursive: true, force: true});
  }
}

interface Measured {
  readonly folder: string;
  readonly path: string;
  readonly format: string;
  readonly confinement: Confinement;
}

async function measure(bench: HostBench, {folder, path, format, confinement}: Measured): Promise<Figure> {
  bench.say(`both guards on a ${format} of 4 GiB`);
  const exec = createExec(process.env);
  const converter = createConverter({
    exec,
    root: join(folder, 'work'),
    confinement: () => Promise.resolve(confinement),
  });
  const judge = () =>
    converter.judgeFile(path, {from: format, limitMs: LIMIT_MS, signal: new AbortController().signal});
  const info = {argv: ['qemu-img', 'info', '--output=json', path]};
  await judge();
  await run(info);
  const timed = await inTurn(9 * bench.rounds, {
    ours: async () => {
      const begun = performance.now();
      await judge();
      return performance.now() - begun;
    },
    info: async () => (await run(info)).ms,
  });
  return {
    name: `both guards on a ${format} of 4 GiB (${confinement.kind}), wall`,
    unit: 'ms',
    ours: timed.ours.median,
    other: {what: 'one qemu-img info', value: timed.info.median},
    samples: {ours: timed.ours.all, info: timed.info.all},
  };
}

/** A disk whose first sector is that of one with a partition. */
async function makeDisk(path: string, format: string, options: readonly string[]): Promise<void> {
  if (format !== 'raw') {
    await run({argv: ['qemu-img', 'create', '-q', '-f', format, ...options, path, String(BYTES)]});
    return;
  }
  const start = Buffer.alloc(512);
  start.set([0x80, 0, 2, 0, 0x83, 0, 0, 0, 1, 0, 0, 0, 0xff, 0xff, 1, 0], 446);
  start.set([0x55, 0xaa], 510);
  const file = await open(path, 'w');
  await file.write(start);
  await file.close();
  await truncate(path, BYTES);
}
