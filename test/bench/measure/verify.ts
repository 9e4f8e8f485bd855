import {createHash} from 'node:crypto';
import {mkdir, readFile, rm, writeFile} from 'node:fs/promises';
import {run} from '../child.ts';
import {atMost} from '../report.ts';
import type {Figure} from '../report.ts';
import type {Bench} from './bench.ts';
import {imgmgr} from './bench.ts';

const GUESTS = 4;
const READY_SECONDS = 30;
const MAX_RATIO = 1.3;
const MAX_PEAK_MIB = 150;
const MAX_SUBMIT_MS = 5000;
const MAX_JUDGE_MS = 1000;
const MAX_CHECKS_MS = 3000;

interface Line {
  readonly type: string;
  readonly definition?: string;
  readonly time: string;
  readonly action?: {readonly kind: string; readonly definition: string};
  readonly verdict?: {readonly kind: string; readonly message: string};
  readonly spans?: {readonly submitMs: number; readonly guestMs?: number; readonly judgeMs: number};
  readonly evidence?: string;
}

interface Evidence {
  readonly report?: {
    readonly checkedMs: number;
    readonly checks: readonly {readonly id: string; readonly ms: number}[];
  };
}

interface Verified {
  /** From the first verification's start to the last verdict: imports and removals apart. */
  readonly wallMs: number;
  /** The same of the guest that took longest, the boot apart: queue, order, checks with the ready command, verdict. */
  readonly ms: number;
  readonly peakMib: number;
  readonly submitMs: number;
  readonly judgeMs: number;
  /** What the agents say their checks took, waiting and the ready command apart. */
  readonly checksMs: number;
}

/** Tiny guests on Nova, each with a ready command that sleeps: one alone, then four at a time. */
export async function measureVerify(bench: Bench): Promise<Figure[]> {
  const folder = `${bench.place.folder}/verify`;
  await mkdir(folder, {recursive: true});
  const files = Array.from({length: GUESTS}, (_, index) => `${folder}/guest-${index + 1}.qcow2`);
  bench.say(`building ${GUESTS} tiny guests`);
  for (const [index, file] of files.entries())
    await run({argv: [`${bench.root}/examples/tiny-root-guest/build.sh`, '--version', String(index + 1), file]});
  try {
    const one: Verified[] = [];
    const four: Verified[] = [];
    for (let round = 0; round < bench.rounds; round++) {
      bench.say('verifying one guest');
      one.push(await verify(bench, folder, files.slice(0, 1)));
      bench.say(`verifying ${GUESTS} guests at a time`);
      four.push(await verify(bench, folder, files));
    }
    return figures(one, four);
  } finally {
    await bench.place.empty();
    await rm(folder, {recursive: true, force: true});
  }
}

function figures(one: readonly Verified[], four: readonly Verified[]): Figure[] {
  const best = (all: readonly Verified[], of: (one: Verified) => number): number => Math.min(...all.map(of));
  const [ours, alone] = [best(four, ({ms}) => ms), best(one, ({ms}) => ms)];
  const worst = (all: readonly Verified[], of: (one: Verified) => number): number => Math.max(...all.map(of));
  const both = [...one, ...four];
  const peakMib = worst(both, (ran) => ran.peakMib);
  const submitMs = worst(one, (ran) => ran.submitMs);
  const judgeMs = worst(both, (ran) => ran.judgeMs);
  const checksMs = worst(one, (ran) => ran.checksMs);
  return [
    {
      name: `${GUESTS} guests with a ready command of ${READY_SECONDS} s, --jobs ${GUESTS}, boots apart`,
      unit: 'ms',
      ours,
      other: {what: 'one guest', value: alone},
      target: atMost(ours, MAX_RATIO * alone, `${MAX_RATIO} × one`),
      samples: {four: four.map(({ms}) => ms), one: one.map(({ms}) => ms)},
    },
    {
      name: 'the same with the boots',
      unit: 'ms',
      ours: best(four, ({wallMs}) => wallMs),
      other: {what: 'one guest', value: best(one, ({wallMs}) => wallMs)},
      samples: {four: four.map(({wallMs}) => wallMs), one: one.map(({wallMs}) => wallMs)},
    },
    {
      name: 'memory of the waiting imgmgr, peak',
      unit: 'MiB',
      ours: peakMib,
      target: atMost(peakMib, MAX_PEAK_MIB, 'limit'),
    },
    {
      name: 'order to acceptance by Nova, one guest',
      unit: 'ms',
      ours: submitMs,
      target: atMost(submitMs, MAX_SUBMIT_MS, 'limit'),
    },
    {
      name: `the same of ${GUESTS} ordered at once, longest`,
      unit: 'ms',
      ours: worst(four, (ran) => ran.submitMs),
    },
    {
      name: 'report to verdict, longest',
      unit: 'ms',
      ours: judgeMs,
      target: atMost(judgeMs, MAX_JUDGE_MS, 'limit'),
    },
    {
      name: "the agent's checks, one guest",
      unit: 'ms',
      ours: checksMs,
      target: atMost(checksMs, MAX_CHECKS_MS, 'limit'),
    },
  ];
}

async function verify(bench: Bench, folder: string, files: readonly string[]): Promise<Verified> {
  await bench.place.empty();
  const images = `${folder}/images.yml`;
  await writeFile(images, await definitions(files));
  const command = imgmgr(bench, 'manage', '--cloud', 'bench', '--images', images, '--jobs', String(GUESTS), '--json');
  const {output, peakMib} = await run({...command, env: {...command.env, XDG_STATE_HOME: folder}, memory: true});
  const lines = output
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
  const verdicts = lines.filter(({type}) => type === 'verdict');
  const bad = verdicts.find(({verdict}) => verdict?.kind !== 'pass');
  if (verdicts.length !== files.length || bad)
    throw new Error(`expected ${files.length} verdicts that pass: ${bad?.verdict?.message ?? output.slice(-2000)}`);
  const started = new Map(
    lines.flatMap(({type, action, time}) =>
      type === 'action-started' && action?.kind === 'verify' ? [[action.definition, Date.parse(time)]] : [],
    ),
  );
  const firstMs = Math.min(...started.values());
  const checked = await Promise.all(verdicts.map(({evidence}) => checkedMs(evidence)));
  const times = verdicts.map(({time}) => Date.parse(time));
  return {
    wallMs: Math.max(...times) - firstMs,
    ms: Math.max(
      ...verdicts.map(({definition, spans}) => {
        const queueMs = (started.get(definition ?? '') ?? NaN) - firstMs;
        return queueMs + (spans?.submitMs ?? NaN) + (spans?.guestMs ?? NaN) + (spans?.judgeMs ?? NaN);
      }),
    ),
    peakMib,
    submitMs: Math.max(...verdicts.map(({spans}) => spans?.submitMs ?? NaN)),
    judgeMs: Math.max(...verdicts.map(({spans}) => spans?.judgeMs ?? NaN)),
    checksMs: Math.max(...checked),
  };
}

async function checkedMs(evidence: string | undefined): Promise<number> {
  if (evidence === undefined) return NaN;
  const {report} = JSON.parse(await readFile(evidence, 'utf8')) as Evidence;
  return (report?.checkedMs ?? NaN) - (report?.checks.find(({id}) => id === 'ready')?.ms ?? NaN);
}

async function definitions(files: readonly string[]): Promise<string> {
  const listed = await Promise.all(
    files.map(async (file, index) => {
      const digest = createHash('sha512')
        .update(await readFile(file))
        .digest('hex');
      return `
  - name: imgmgr-bench guest ${index + 1}
    format: qcow2
    login: root
    min_disk: 1
    min_ram: 128
    status: active
    visibility: public
    multi: true
    tags: []
    verify: {ready: sleep ${READY_SECONDS}}
    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: none}
    versions:
      - version: '1'
        url: file://${file}
        checksum: sha512:${digest}
        build_date: 2026-01-05
`;
    }),
  );
  return `images:${listed.join('')}`;
}
