import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {monitorEventLoopDelay} from 'node:perf_hooks';
import {setTimeout as sleep} from 'node:timers/promises';
import {isBeyondHope} from '../../../src/core/verdict/console-signs.ts';
import {consoleLines, redactSecrets} from '../../../src/core/verdict/console-text.ts';
import {judge} from '../../../src/core/verdict/judge.ts';
import {ConsoleFile} from '../../../src/local/qemu/console.ts';
import type {Figure} from '../report.ts';
import {inTurn} from '../samples.ts';
import type {HostBench} from './bench.ts';

const GUESTS = 4;
const ROUND_MS = 10_000;
/** Ten times as often as a run looks. */
const LOOK_MS = 500;

/** What each guest prints again and again; field reports of stalls began with such texts. */
const HOSTILE = ['\n', `token${' '.repeat(4096)}`, '\n grub rescue', '\u001b]0;'];
/** One line a second. */
const QUIET = ['[    1.000000] systemd[1]: Reached target Network.\n'];

/** Appends to each file for as long as it lives: argv = bytes per second, then text and path of each guest. */
const WRITER = `
  const {appendFileSync} = require('node:fs');
  const [bytes, ...guests] = process.argv.slice(1);
  setInterval(() => {
    for (let at = 0; at < guests.length; at += 2) {
      const text = guests[at];
      appendFileSync(guests[at + 1], text.repeat(Math.max(1, Math.floor(Number(bytes) / 4 / text.length))));
    }
  }, 250);
`;

/** How long the event loop is held up while consoles of four guests are read and judged, hostile ones beside quiet ones. */
export async function measureConsoles(bench: HostBench): Promise<Figure[]> {
  bench.say(`consoles of ${GUESTS} guests, quiet and hostile in turn, ${ROUND_MS / 1000} s each`);
  const longest: Record<'hostile' | 'quiet', number[]> = {hostile: [], quiet: []};
  const round = async (
    kind: 'hostile' | 'quiet',
    texts: readonly string[],
    bytesPerSecond: number,
  ): Promise<number> => {
    const {p99Ms, maxMs} = await watch(texts, bytesPerSecond);
    longest[kind].push(maxMs);
    return p99Ms;
  };
  const p99 = await inTurn(3 * bench.rounds, {
    hostile: () => round('hostile', HOSTILE, 2 ** 20),
    quiet: () => round('quiet', QUIET, 200),
  });
  const worst = (all: readonly number[]): number => Math.max(...all);
  return [
    {
      name: 'event-loop delay, 1 MiB of hostile console text per second from each of four guests, p99',
      unit: 'ms',
      ours: p99.hostile.median,
      other: {what: 'four quiet guests', value: p99.quiet.median},
      samples: {hostile: p99.hostile.all, quiet: p99.quiet.all},
    },
    {
      name: 'the same, longest',
      unit: 'ms',
      ours: worst(longest.hostile),
      other: {what: 'four quiet guests', value: worst(longest.quiet)},
      samples: longest,
    },
  ];
}

/** One round: a process writes the consoles, this one reads and judges them. */
async function watch(
  texts: readonly string[],
  bytesPerSecond: number,
): Promise<{readonly p99Ms: number; readonly maxMs: number}> {
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-bench-consoles-'));
  const paths = Array.from({length: GUESTS}, (_, at) => join(folder, `console-${at}`));
  await Promise.all(paths.map((path) => writeFile(path, '')));
  const guests = paths.flatMap((path, at) => [texts[at % texts.length] ?? '', path]);
  const writer = spawn(process.execPath, ['-e', WRITER, String(bytesPerSecond), ...guests], {stdio: 'ignore'});
  const gone = once(writer, 'exit');
  try {
    await once(writer, 'spawn');
    await sleep(1_000);
    const delay = monitorEventLoopDelay({resolution: 1});
    delay.enable();
    const end = performance.now() + ROUND_MS;
    await Promise.all(paths.map((path) => readUntil(new ConsoleFile(path), end)));
    delay.disable();
    return {p99Ms: delay.percentile(99) / 1e6, maxMs: delay.max / 1e6};
  } finally {
    writer.kill();
    await gone;
    await rm(folder, {recursive: true, force: true});
  }
}

/** What a run does with a console while it waits, and at its end. */
async function readUntil(file: ConsoleFile, end: number): Promise<void> {
  while (performance.now() < end) {
    const console = await file.tail();
    if (isBeyondHope(console) || consoleLines(console).some((line) => /login:/.test(line)))
      throw new Error('a text that means nothing was taken for a sign');
    await file.trim();
    await sleep(LOOK_MS);
  }
  const console = await file.tail();
  const trace = {agentFetched: false, hello: false, refused: []};
  judge({server: {kind: 'active'}, console, trace, waitedMs: ROUND_MS});
  redactSecrets(console, 'a-token-of-one-guest');
}
