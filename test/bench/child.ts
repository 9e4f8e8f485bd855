import {spawn} from 'node:child_process';
import type {ChildProcess} from 'node:child_process';
import {readFileSync} from 'node:fs';

/** How one command went. */
export interface Ran {
  readonly ms: number;
  readonly code: number;
  readonly output: string;
  /** Peak of the resident memory, MiB, as seen every 20 ms; 0 unless asked for. */
  readonly peakMib: number;
  /** What its process had of the processor, user and system, ms, as seen every 20 ms; 0 unless memory is asked for. */
  readonly cpuMs: number;
}

export interface Command {
  readonly argv: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly cwd?: string;
  /** Look at the memory and the processor time, too. */
  readonly memory?: boolean;
}

const running = new Set<ChildProcess>();

/** Runs a command to its end; a code other than those expected throws with what it printed. */
export async function run(
  {argv, env = {}, cwd, memory = false}: Command,
  codes: readonly number[] = [0],
): Promise<Ran> {
  const [file = '', ...args] = argv;
  const begun = performance.now();
  const child = spawn(file, args, {env: {...clean(), ...env}, cwd, stdio: ['ignore', 'pipe', 'pipe']});
  running.add(child);
  let output = '';
  let peakMib = 0;
  const collect = (chunk: Buffer): void => void (output += chunk.toString());
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  let cpuMs = 0;
  const look = (): void => {
    peakMib = Math.max(peakMib, highWaterMib(child.pid ?? 0));
    cpuMs = Math.max(cpuMs, processorMs(child.pid ?? 0));
  };
  const watch = memory ? setInterval(look, 20) : undefined;
  const code = await new Promise<number>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status, signal) => resolve(signal === null ? (status ?? 1) : 128));
  });
  const ms = performance.now() - begun;
  clearInterval(watch);
  running.delete(child);
  if (!codes.includes(code)) throw new Error(`${argv.join(' ')} ended with ${code}:\n${output.slice(-3000)}`);
  return {ms, code, output, peakMib, cpuMs};
}

/** Starts a command that goes on until it is ended; its outputs are pipes. */
export function start({argv, env = {}, cwd}: Command): ChildProcess {
  const [file = '', ...args] = argv;
  const child = spawn(file, args, {env: {...clean(), ...env}, cwd, stdio: ['ignore', 'pipe', 'pipe']});
  running.add(child);
  child.once('close', () => running.delete(child));
  return child;
}

/** Ends whatever still runs, when the bench itself is ended. */
export function endAll(): void {
  for (const child of running) child.kill('SIGKILL');
}

// Neither a cloud nor a terminal of whoever runs the bench may leak in.
function clean(): Record<string, string> {
  const kept = Object.entries(process.env).filter(([name]) => !/^OS_|^FORCE_COLOR$|^NODE_OPTIONS$/.test(name));
  return {...Object.fromEntries(kept.map(([name, value]) => [name, value ?? ''])), CI: '1', NO_COLOR: '1'};
}

function highWaterMib(pid: number): number {
  return Math.round(memoryMib(pid, 'VmHWM'));
}

/** The resident memory of a process: what it has now (`VmRSS`), or had at most (`VmHWM`); 0 for one that is gone. */
export function memoryMib(pid: number, field: 'VmRSS' | 'VmHWM'): number {
  try {
    const [, kib] = new RegExp(`^${field}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return Number(kib ?? 0) / 1024;
  } catch {
    return 0;
  }
}

/** User and system time of a process; the kernel counts in hundredths of a second. */
export function processorMs(pid: number): number {
  try {
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8')
      .replace(/^.*\) /s, '')
      .split(' ');
    return (Number(fields[11]) + Number(fields[12])) * 10;
  } catch {
    return 0;
  }
}
