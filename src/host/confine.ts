import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';

/** A tool that is to read bytes which nobody trusts. All paths are absolute; of a link, what it leads to may be read under its name. */
export interface ConfinedCall {
  readonly command: string;
  readonly args: readonly string[];
  /** Files and folders that it may read. */
  readonly read: readonly string[];
  /** Files and folders that it may read and write; they exist. */
  readonly write?: readonly string[];
  /** Devices that it may use. */
  readonly devices?: readonly string[];
  /** Default: none. */
  readonly network?: boolean;
  readonly limits?: CallLimits;
}

/** What a call may use up; bytes and seconds, no limit where absent. */
export interface CallLimits {
  readonly memoryBytes?: number;
  readonly cpuSeconds?: number;
  /** Of the largest file that it writes. */
  readonly outputBytes?: number;
}

/** How tools are kept from all other files on this host. */
export interface Confinement {
  /** `none`: this host can do neither; only the limits hold. */
  readonly kind: 'landlock' | 'bubblewrap' | 'none';
  /** The command line that runs the tool confined. */
  wrap(call: ConfinedCall): {readonly command: string; readonly args: readonly string[]};
}

/** Runs a tool to its end; rejects where it cannot be started. */
export type RunTool = (command: string, args: readonly string[]) => Promise<{readonly exitCode: number}>;

/** Programs, their libraries and their data, beside /usr. */
const SYSTEM = ['/lib', '/lib32', '/lib64', '/libx32', '/bin', '/sbin', '/nix/store', '/gnu/store', '/etc/ld.so.cache'];

/** The best confinement that works here: Landlock through our launcher, else bubblewrap, else none. Tries each once; never rejects. */
export async function findConfinement(run: RunTool, launcher: string = launcherPath()): Promise<Confinement> {
  if (await succeeds(run, launcher, ['--probe'])) return landlock(launcher);
  const {command, args} = bubblewrap.wrap({command: 'true', args: [], read: []});
  return (await succeeds(run, command, args)) ? bubblewrap : none;
}

/** Where `npm run build` puts the launcher: beside the bundle, or in dist/ when run from the sources. */
export function launcherPath(): string {
  const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  const [bundled, built] = ['../agent', '../../dist/agent'].map((folder) =>
    fileURLToPath(new URL(`${folder}/imgmgr-confine-${machine}`, import.meta.url)),
  );
  return (bundled !== undefined && existsSync(bundled) ? bundled : built) ?? '';
}

/** Landlock (agent/confine). */
function landlock(launcher: string): Confinement {
  return {
    kind: 'landlock',
    wrap: ({command, args, read, write = [], devices = [], network = false, limits = {}}) => ({
      command: launcher,
      args: [
        ...each('--read', read),
        ...each('--write', write),
        ...each('--device', devices),
        ...(network ? ['--network'] : []),
        ...amount('--memory=', limits.memoryBytes),
        ...amount('--cpu=', limits.cpuSeconds),
        ...amount('--output=', limits.outputBytes),
        ...['--', command, ...args],
      ],
    }),
  };
}

/** Namespaces of its own, in which nothing else is mounted. */
const bubblewrap: Confinement = {
  kind: 'bubblewrap',
  wrap: ({command, args, read, write = [], devices = [], network = false, limits = {}}) => ({
    command: 'prlimit',
    args: [
      ...limitFlags(limits),
      ...['bwrap', '--unshare-all', ...(network ? ['--share-net'] : []), '--die-with-parent'],
      ...['--ro-bind', '/usr', '/usr', ...SYSTEM.flatMap((path) => ['--ro-bind-try', path, path])],
      ...['--dev', '/dev', '--tmpfs', '/tmp'],
      ...read.flatMap((path) => ['--ro-bind', path, path]),
      ...write.flatMap((path) => ['--bind', path, path]),
      ...devices.flatMap((path) => ['--dev-bind', path, path]),
      ...['--', command, ...args],
    ],
  }),
};

const none: Confinement = {
  kind: 'none',
  wrap: ({command, args, limits = {}}) => ({command: 'prlimit', args: [...limitFlags(limits), command, ...args]}),
};

function limitFlags({memoryBytes, cpuSeconds, outputBytes}: CallLimits): string[] {
  return [
    ...amount('--as=', memoryBytes),
    ...amount('--cpu=', cpuSeconds),
    ...amount('--fsize=', outputBytes),
    '--core=0',
  ];
}

function each(flag: string, paths: readonly string[]): string[] {
  return paths.flatMap((path) => [flag, path]);
}

function amount(flag: string, value: number | undefined): string[] {
  return value === undefined ? [] : [`${flag}${value}`];
}

async function succeeds(run: RunTool, command: string, args: readonly string[]): Promise<boolean> {
  try {
    return (await run(command, args)).exitCode === 0;
  } catch {
    return false;
  }
}
