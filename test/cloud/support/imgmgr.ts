import {fileURLToPath} from 'node:url';
import {execa} from 'execa';

/** One event of `--json`, as far as tests look at it. */
export interface Line {
  readonly type: string;
  readonly code?: string;
  readonly cloud?: string;
  readonly image?: string;
  readonly detail?: string;
  readonly message?: string;
  readonly method?: string;
  readonly url?: string;
  readonly status?: number;
  readonly exitCode?: number;
  readonly action?: Summary;
  readonly actions?: readonly Summary[];
  readonly images?: readonly {readonly id: string; readonly name: string}[];
  readonly error?: {readonly code: string; readonly message: string; readonly hint?: string; readonly place?: string};
  readonly counts?: Readonly<Record<string, number>>;
  readonly verdict?: Verdict;
  /** Of one row of `status`. */
  readonly findings?: readonly {readonly rule: string; readonly image?: string}[];
  /** The file with all that was seen. */
  readonly evidence?: string;
}

/** What came of booting an image. */
export interface Verdict {
  readonly kind: string;
  readonly cause: string;
  readonly failed: readonly string[];
  readonly checks: readonly {
    readonly id: string;
    readonly severity: string;
    readonly outcome: string;
    readonly detail: string;
  }[];
}

export interface Summary {
  readonly kind: string;
  readonly definition: string;
  readonly version?: string;
  readonly image?: string;
  readonly name?: string;
  readonly newName?: string;
  readonly reason: string;
}

/** What one run of the command line did. */
export interface Ran {
  readonly code: number;
  readonly lines: readonly Line[];
  readonly stderr: string;
  /** `kind version`, in the order of their end. */
  readonly done: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
  /** `METHOD path`, of all calls that change something, the login left out. */
  readonly writes: readonly string[];
  /** Calls to the image service. */
  readonly glanceCalls: number;
}

export const CLI = fileURLToPath(new URL('../../../dist/bin/imgmgr.js', import.meta.url));

/** Runs the built command line as an operator would, and reads what it says; nothing is verified unless --verify is given. */
export async function imgmgr(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<Ran> {
  const child = await execa(
    process.execPath,
    [CLI, ...withoutVerification(args), '--json', ...(args.includes('--debug') ? [] : ['--debug'])],
    {
      reject: false,
      env,
      stdin: 'ignore',
    },
  );
  const lines = child.stdout
    .split('\n')
    .filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line) as Line);
  const calls = lines.filter(({type, url}) => type === 'http' && url !== undefined && !url.includes('/auth/tokens'));
  const glance = calls.filter(({url}) => url?.includes('/v2/') === true);
  return {
    code: child.exitCode ?? -1,
    lines,
    stderr: child.stderr,
    done: lines.flatMap(({type, action}) =>
      type === 'action-done' && action ? [`${action.kind} ${action.version ?? ''}`.trim()] : [],
    ),
    counts: lines.find(({type}) => type === 'finished')?.counts ?? {},
    writes: glance.flatMap(({method, url}) =>
      method !== 'GET' && method !== undefined && url !== undefined ? [`${method} ${new URL(url).pathname}`] : [],
    ),
    glanceCalls: glance.length,
  };
}

/** Booting is a matter of its own tests; everything else is the same without it. */
function withoutVerification(args: readonly string[]): readonly string[] {
  const acquires = ['manage', 'import', 'dry-run'].includes(args[0] ?? '');
  return acquires && !args.some((flag) => /^--(?:no-|re)?verify$/.test(flag)) ? [...args, '--no-verify'] : args;
}
