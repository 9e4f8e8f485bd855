import {execFile, spawn} from 'node:child_process';
import {once} from 'node:events';
import {mkdir, mkdtemp, readFile, readdir, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {promisify} from 'node:util';
import {becomes} from '../server/support.ts';

const ROOT = join(import.meta.dirname, '..', '..');
const PROGRAM = join(ROOT, 'dist', 'bin', 'imgmgr.js');

/** `imgmgr serve --cloud local --allow-write --allow-build`, the very program that is installed, in the folder of this checkout. */
export interface RealServer {
  readonly url: string;
  /** Where runs keep what must not remain. */
  readonly folder: string;
  readonly log: () => string;
  /** A new address for one login, as a person on this host asks for it. */
  loginUrl(): Promise<string>;
  /** What another command says with the same folders. */
  imgmgr(...argv: readonly string[]): Promise<string>;
  /** Ends the process of that run with what it started, without a chance to clean up. */
  killRun(id: string): Promise<void>;
  /** Ends the server likewise. */
  kill(): Promise<void>;
  close(): Promise<void>;
}

/** Why there can be none here; undefined: there can. */
export function hindrance(): string | undefined {
  return process.getuid?.() === 0 ? undefined : 'builds need root';
}

/** Starts it with folders of its own, or those of one that was killed; they go with it. */
export async function startRealServer(killed?: RealServer): Promise<RealServer> {
  // Packages of the guest are kept there, for all who make it.
  await mkdir(join(ROOT, '.cache', 'tiny-root-guest'), {recursive: true});
  const folder = killed?.folder ?? (await mkdtemp(join(tmpdir(), 'imgmgr-real-')));
  const env = {
    ...{HOME: folder, XDG_STATE_HOME: join(folder, 'state'), IMGMGR_LOCAL: join(folder, 'local')},
    ...{IMGMGR_BUILD_DIR: join(folder, 'work'), LC_ALL: 'C.UTF-8'},
    PATH: [dirname(process.execPath), process.env['PATH'] ?? ''].join(delimiter),
  };
  await mkdir(env.IMGMGR_BUILD_DIR, {mode: 0o700, recursive: true});
  const argv = ['serve', '--bind', '127.0.0.1:0', '--cloud', 'local', '--allow-write', '--allow-build'];
  const child = spawn(PROGRAM, argv, {cwd: ROOT, env, stdio: ['ignore', 'pipe', 'pipe']});
  const chunks: string[] = [];
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => void chunks.push(chunk.toString('utf8')));
  const log = (): string => chunks.join('');
  const ended = once(child, 'exit');
  const address = (): string => /on (http:\/\/\S+),/.exec(log())?.[1] ?? '';
  await becomes(() => address() !== '' || child.exitCode !== null);
  if (address() === '') throw new Error(`the server did not start: ${log()}`);
  const imgmgr = async (...words: readonly string[]): Promise<string> =>
    (await promisify(execFile)(PROGRAM, words, {cwd: ROOT, env})).stdout;
  return {
    ...{url: address(), folder, log, imgmgr},
    loginUrl: async () => (await imgmgr('serve', 'login')).match(/http\S+/)?.[0] ?? '',
    async killRun(id) {
      const text = await readFile(join(env.XDG_STATE_HOME, 'imgmgr', 'server', 'runs', `${id}.json`), 'utf8');
      const {process: of} = JSON.parse(text) as {readonly process: {readonly pid: number}};
      process.kill(-of.pid, 'SIGKILL');
    },
    async kill() {
      child.kill('SIGKILL');
      await ended;
    },
    async close() {
      child.kill('SIGTERM');
      // Runs that are under way end as Ctrl-C ends them.
      const late = setTimeout(() => child.kill('SIGTERM'), 100);
      await ended;
      clearTimeout(late);
      await rm(folder, {recursive: true, force: true});
    },
  };
}

/** Processes of guests, work folders, mounts, locks and leases of this folder that are still there. */
export async function remains(folder: string): Promise<readonly string[]> {
  const mounts = (await readFile('/proc/self/mountinfo', 'utf8')).split('\n').filter((line) => line.includes(folder));
  const left = await Promise.all(
    ['work', 'local/servers', 'local/locks', 'local/aside'].map(async (name) => {
      const names = await readdir(join(folder, name)).catch(() => []);
      return names.map((one) => join(name, one));
    }),
  );
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const guests = await Promise.all(
    pids.map(async (pid) => {
      const words = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      return words.startsWith('qemu') && words.includes(folder) ? [words.split('\0', 1)[0] ?? ''] : [];
    }),
  );
  return [...mounts, ...left.flat(), ...guests.flat()];
}
