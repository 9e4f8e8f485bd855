import {mkdir, open, rm, stat, writeFile} from 'node:fs/promises';
import {randomBytes} from 'node:crypto';
import {run} from '../child.ts';
import {atLeast, atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import type {Bench} from './bench.ts';
import {imgmgr} from './bench.ts';

const MIB = 2 ** 20;
const TIMED_MIB = 512;
const LARGE_MIB = 4096;
const MAX_PEAK_MIB = 150;

/** Direct upload of a raw file: throughput against `curl -T`, and the memory it takes for a large one. */
export async function measureUpload(bench: Bench): Promise<Figure[]> {
  const {folder} = bench.place;
  await mkdir(`${folder}/upload`, {recursive: true});
  const timedFile = `${folder}/upload/timed.raw`;
  const largeFile = `${folder}/upload/large.raw`;
  await writeRandom(timedFile, TIMED_MIB);
  await writeSparse(largeFile, LARGE_MIB);
  try {
    bench.say(`uploading ${TIMED_MIB} MiB`);
    const rate = (ms: number): number => (TIMED_MIB * MIB) / 1000 / ms;
    const timed = await inTurn(3 * bench.rounds, {
      ours: async () => rate((await upload(bench, timedFile)).sendMs),
      curl: async () => rate(await curl(bench, timedFile)),
    });
    bench.say(`uploading ${LARGE_MIB} MiB, watching the memory`);
    const {peakMib} = await upload(bench, largeFile);
    const ratio = timed.curl.median;
    return [
      {
        name: `upload of ${TIMED_MIB} MiB`,
        unit: 'MB/s',
        ours: timed.ours.median,
        other: {what: 'curl -T', value: ratio},
        target: atLeast(timed.ours.median, 0.9 * ratio, '0.9 × curl'),
        samples: {ours: timed.ours.all, curl: timed.curl.all},
      },
      {
        name: `upload of ${LARGE_MIB} MiB, peak memory`,
        unit: 'MiB',
        ours: peakMib,
        target: atMost(peakMib, MAX_PEAK_MIB, 'limit'),
      },
    ];
  } finally {
    await rm(largeFile, {force: true});
    await rm(timedFile, {force: true});
  }
}

/** The time of the PUT alone, as imgmgr's own log of calls tells it: login and record are not what is compared. */
async function upload(bench: Bench, file: string): Promise<{readonly sendMs: number; readonly peakMib: number}> {
  const name = 'imgmgr-bench upload';
  const flags = ['--cloud', 'bench', '--name', name, '--disk-format', 'raw', '--method', 'upload', '--no-verify'];
  const {output, peakMib} = await run({...imgmgr(bench, 'import', file, ...flags, '--debug'), memory: true});
  await bench.place.empty();
  const sendMs = Number(/PUT \S*\/file\b.*?\b(\d+) ms/.exec(output)?.[1] ?? NaN);
  if (Number.isNaN(sendMs)) throw new Error(`no PUT …/file in what imgmgr said:\n${output.slice(-2000)}`);
  return {sendMs, peakMib};
}

async function curl({place}: Bench, file: string): Promise<number> {
  const {api, folder} = place;
  const {id} = await api.glance<{id: string}>('POST', '/images', {
    name: 'imgmgr-bench curl',
    disk_format: 'raw',
    container_format: 'bare',
  });
  // A token on a command line is for everybody to read.
  const config = `${folder}/curl.conf`;
  await writeFile(config, `header = "X-Auth-Token: ${api.token}"\n`, {mode: 0o600});
  const type = 'Content-Type: application/octet-stream';
  const {output} = await run({
    argv: ['curl', '-sS', '--fail', '-K', config, '-H', type, '-T', file, '-w', '%{time_total}', api.fileUrl(id)],
  });
  await rm(config);
  await place.empty();
  return Number(output) * 1000;
}

async function writeRandom(path: string, mib: number): Promise<void> {
  const file = await open(path, 'w');
  for (let done = 0; done < mib; done += 16) await file.write(randomBytes(16 * MIB));
  await file.close();
}

async function writeSparse(path: string, mib: number): Promise<void> {
  const file = await open(path, 'w');
  await file.truncate(mib * MIB);
  await file.close();
  if ((await stat(path)).size !== mib * MIB) throw new Error(`${path} has not the size that was asked for`);
}
