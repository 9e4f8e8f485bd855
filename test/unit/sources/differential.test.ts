import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, realpathSync, rmSync, truncateSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, test} from 'vitest';
import {END_REACH, inspectEnd, inspectStart} from '../../../src/core/format/inspect.ts';
import {createExec} from '../../../src/exec.ts';
import {findConfinement} from '../../../src/host/confine.ts';

const FULL = process.env['FULL'] === '1';
const ROUNDS = FULL ? 10_000 : 1_000;
/** The same in every run of CI; FULL=1 takes another one each time, SEED=N a certain one. */
const SEED = Number(process.env['SEED'] ?? (FULL ? Date.now() % 2 ** 31 : 20261126));

/** Name, QEMU's format, options. VMDK and qcow2 more often: they can name other files. */
const BASES = [
  ['vmdk', 'vmdk', ''],
  ['stream', 'vmdk', 'subformat=streamOptimized'],
  ['vmdk', 'vmdk', ''],
  ['qcow2', 'qcow2', ''],
  ['old', 'qcow2', 'compat=0.10'],
  ['vdi', 'vdi', ''],
  ['vhd', 'vpc', 'force_size=on'],
  ['fixed', 'vpc', 'subformat=fixed,force_size=on'],
  ['vhdx', 'vhdx', ''],
  ['raw', 'raw', ''],
] as const;

/** Bytes and words that change what a header or a descriptor means. */
const TOKENS = [
  ...[
    '\t',
    '\r',
    '\f',
    '\v',
    '\0',
    ' ',
    '\n',
    '#',
    '"',
    '=',
    '0',
    '\xff',
    'RW 8 FLAT "/etc/hostname" 0\n',
    'CID=1\n',
    'SPARSE',
  ],
  ...['createType="monolithicFlat"\n', 'CREATETYPE="vmfs"\n', 'parentFileNameHint="/etc/hostname"\n', 'parentCID=1\n'],
  ...['version=1\n', 'QFI\xfb', 'KDMV', 'COWD', 'conectix', 'vhdxfile', 'cxsparse', 'DATA', 'FLAT', '/etc/hostname'],
];

let folder: string;
const bases = new Map<string, Buffer>();

beforeAll(() => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'imgmgr-differential-')));
  for (const [name, format, options] of BASES) {
    const path = join(folder, name);
    execFileSync('qemu-img', ['create', '-q', '-f', format, ...(options ? ['-o', options] : []), path, '1M']);
    bases.set(name, readFileSync(path));
  }
});
// Thousands of files, on a disk that may be busy.
afterAll(() => rmSync(folder, {recursive: true, force: true}), 600_000);

function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    state >>>= 0;
    return state % below;
  };
}

/** A few changes where the format keeps what it means. */
function mutate(base: Buffer, random: (below: number) => number): Buffer {
  const file = Buffer.from(base);
  const places = [() => random(128), () => random(512), () => 512 + random(512), () => 1024 + random(1024)];
  const far = [() => 65536 + random(128), () => 196608 + random(256), () => file.length - 1536 + random(1536)];
  for (let changes = 1 + random(3); changes > 0; changes -= 1) {
    const place = [...places, ...places, ...far][random(places.length * 2 + far.length)];
    const at = Math.max(0, Math.min(place?.() ?? 0, file.length - 1));
    switch (random(4)) {
      case 0:
        file[at] = random(256);
        break;
      case 1:
        file.fill(random(2) * 0xff, at, Math.min(file.length, at + 1 + random(8)));
        break;
      case 2:
        file.write(TOKENS[random(TOKENS.length)] ?? '', at, 'latin1');
        break;
      default:
        Buffer.from(TOKENS[random(TOKENS.length)] ?? '', 'latin1').copy(file, at - (at % 8));
    }
  }
  return random(10) === 0 ? file.subarray(0, random(file.length)) : file;
}

/** What we would hand on, with the format and the size that we take it for; undefined where it is refused. */
function accepted(file: Buffer): {format: string; size: number} | undefined {
  const found = inspectStart(file, true);
  const end = inspectEnd(file, {tail: file.subarray(-END_REACH), size: file.length}, found);
  if (found.problems.length > 0 || end.problems.length > 0) return undefined;
  if (end.fixedVhd !== undefined) return {format: 'vpc', size: end.fixedVhd};
  const isRaw = found.format === 'raw' || found.format === 'iso';
  if (isRaw) return {format: 'raw', size: Math.ceil(file.length / 512) * 512};
  return {format: found.format === 'vhd' ? 'vpc' : found.format, size: found.virtualSize ?? -1};
}

/** Writes a file of which most is empty. */
function write(path: string, file: Buffer): void {
  let end = file.length;
  while (end > 0 && file[end - 1] === 0) end -= 1;
  writeFileSync(path, file.subarray(0, end));
  truncateSync(path, file.length);
}

interface Case {
  readonly path: string;
  readonly base: string;
  readonly round: number;
  readonly format: string;
  readonly size: number;
}

/** Has one confined shell ask qemu-img about all of them: by itself, and, of a fixed VHD, as one. */
async function ask(cases: readonly Case[]): Promise<void> {
  const exec = createExec({PATH: process.env['PATH']});
  const confinement = await findConfinement(exec.run);
  expect(confinement.kind).toBe('landlock');
  const lines = cases.map(({path, base, format}) => {
    const onBytes = base === 'fixed' && format === 'vpc' ? '-f vpc ' : '';
    return `timeout 20 qemu-img info ${onBytes}--output=json ${path} >${path}.json 2>${path}.err`;
  });
  writeFileSync(join(folder, 'ask.sh'), `${lines.join('\n')}\nexit 0\n`);
  const {command, args} = confinement.wrap({command: 'sh', args: [join(folder, 'ask.sh')], read: [], write: [folder]});
  expect((await exec.run(command, args, {cwd: folder})).exitCode).toBe(0);
}

function disagreement({path, format, size, base, round}: Case): string[] {
  const text = readFileSync(`${path}.json`, 'utf8');
  const denied = readFileSync(`${path}.err`, 'utf8').includes('Permission denied');
  if (text === '') return denied ? [`round ${round} (${base}): qemu-img tried another file`] : [];
  const answer = parsed(text);
  // Cut off by its time: no disk that a cloud should take says so much of itself.
  if (answer === undefined)
    return [`round ${round} (${base}): qemu-img's answer of ${text.length} bytes is incomplete`];
  const names = [...text.matchAll(/"(?:[a-z-]*filename|data-file)": "([^"]*)"/g)].map(([, name]) => name);
  const same = answer['format'] === format && answer['virtual-size'] === size && names.every((name) => name === path);
  const qemu = [answer['format'], answer['virtual-size'], ...names].map(String).join(' ');
  return same ? [] : [`round ${round} (${base}): ${format} ${size} to us, ${qemu} to qemu-img`];
}

function parsed(text: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

test(
  `S1: whatever the inspector accepts of ${ROUNDS} mutated disks is the same to qemu-img, and in one file`,
  async () => {
    const random = generator(SEED);
    const cases: Case[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const [base] = BASES[random(BASES.length)] ?? BASES[0];
      const file = mutate(bases.get(base) ?? Buffer.alloc(0), random);
      const found = accepted(file);
      if (found === undefined) continue;
      const path = join(folder, `case${round}`);
      write(path, file);
      cases.push({path, base, round, ...found});
    }
    if (FULL) process.stderr.write(`SEED=${SEED}: ${cases.length} of ${ROUNDS} are accepted and shown to qemu-img\n`);
    // The mutations must neither spare everything nor break everything.
    expect(cases.length).toBeGreaterThan(ROUNDS / 20);
    expect(cases.length).toBeLessThan(ROUNDS);
    await ask(cases);
    expect(cases.flatMap(disagreement), `SEED=${SEED}`).toEqual([]);
  },
  FULL ? 3_600_000 : 300_000,
);

test('S1: that comparison notices a second file, another format and another size', async () => {
  const text = '# Disk DescriptorFile\nversion=1\nCID=1\nparentCID=ffffffff\ncreateType="monolithicFlat"\n';
  const hostile = Buffer.from(`${text}RW 1 FLAT "/etc/hostname" 0\n`);
  const other = bases.get('qcow2') ?? Buffer.alloc(0);
  const cases = [
    {file: hostile, format: 'raw', size: 512, found: /tried another file/},
    {file: other, format: 'raw', size: 1024 ** 2, found: /raw 1048576 to us, qcow2 1048576 /},
    {file: other, format: 'qcow2', size: 512, found: /qcow2 512 to us, qcow2 1048576 /},
  ].map((each, round) => ({...each, base: 'control', round, path: join(folder, `control${round}`)}));
  for (const {path, file} of cases) write(path, file);
  await ask(cases);
  for (const each of cases) expect(disagreement(each).join()).toMatch(each.found);
});
