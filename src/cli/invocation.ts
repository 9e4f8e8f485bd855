import type {UseCase} from '../app/ports.ts';

export type CommandName =
  | 'manage'
  | 'build'
  | 'import'
  | 'export'
  | 'verify'
  | 'hide'
  | 'delete'
  | 'dry-run'
  | 'validate'
  | 'status'
  | 'show'
  | 'history'
  | 'hold'
  | 'unhold'
  | 'rollback'
  | 'doctor'
  | 'inspect';

/** Forms of the answer; `sarif` is for findings in files alone. */
export const OUTPUT_FORMATS = ['human', 'json', 'junit', 'sarif'] as const;
export type OutputFormat = (typeof OUTPUT_FORMATS)[number];

/** How much is reported. `quiet`: errors and the answer. `verbose`: every decision. `debug`: every HTTP call, stack traces. */
export type Verbosity = 'quiet' | 'normal' | 'verbose' | 'debug';

export interface OutputChoice {
  readonly format: OutputFormat;
  readonly verbosity: Verbosity;
  /** False: `--no-color`. */
  readonly color: boolean;
}

/** How a run is reported, besides what the operator chose. */
export interface ReportChoice {
  readonly dryRun: boolean;
  /** What stdout is for; absent: the report. */
  readonly answers?: 'verdicts' | 'ids' | 'history';
  /** What is printed in full, line by line. */
  readonly wide?: boolean;
  /** The name among what is counted; absent: the command. */
  readonly counted?: string;
}

/** A command line after parsing: what a verb is asked, and how its events are rendered; nothing looked up yet. */
export interface Invocation<Request> {
  /** The name of the command in events. */
  readonly command: CommandName;
  readonly request: Request;
  /** Loads the verb that answers the request. */
  readonly load: () => Promise<UseCase<Request>>;
  readonly output: OutputChoice;
  readonly report: ReportChoice;
  /** Redirects of sources may lead to this host and to private networks. */
  readonly allowPrivateSources: boolean;
  /** Where definitions are read where neither flag nor environment names any; absent: the usual places. */
  readonly images?: readonly string[];
  /** An image comes from stdin. */
  readonly readsStdin: boolean;
  /** It may write to a cloud, or start a build or a guest, so its run is kept in the history; runs older than this are forgotten, milliseconds. */
  readonly history?: {readonly keepMs: number};
  /** Who is told of the run; absent: nobody. */
  readonly webhook?: {readonly url: URL; readonly secretFile?: string};
  /** Where metrics of the run go, and the clouds that the request names; absent: none are written. */
  readonly metrics?: {readonly folder: string; readonly clouds: readonly string[]};
}

/** Does what a command line asks for. */
export type Execute<Answer = void> = <Request>(invocation: Invocation<Request>) => Promise<Answer>;
