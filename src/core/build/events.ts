/** A build of this host that is, or would be, deleted. */
export interface DeletableBuild {
  readonly id: string;
  readonly definition: string;
  readonly version: string;
  readonly bytes: number;
  /** Absolute paths; no folder: its log alone is left. */
  readonly folder?: string;
  readonly log?: string;
}

/** What is reported of builds on this host. */
export type BuildEvent =
  /** A build on this host; it serves every cloud of the run. */
  | {readonly type: 'build-started'; readonly definition: string; readonly version: string; readonly reason: string}
  | {
      readonly type: 'build-progress';
      readonly definition: string;
      readonly version: string;
      /** diskimage-builder's phase (`root.d`, `install.d`, …). */
      readonly phase: string;
      /** A line of its output. */
      readonly line?: string;
      /** The file that its output goes to, and how many bytes it has by now; absent before there is one. */
      readonly log?: {readonly path: string; readonly bytes: number};
      readonly elapsedMs: number;
      readonly limitMs: number;
    }
  | {
      readonly type: 'built';
      readonly definition: string;
      readonly version: string;
      readonly files: readonly {readonly format: string; readonly path: string; readonly size: number}[];
      readonly manifest: string;
      readonly log: string;
      readonly ms: number;
    }
  /** The answer of `build`: where the files are; `reused` when nothing had to be built. */
  | {
      readonly type: 'artifact';
      readonly definition: string;
      readonly version: string;
      readonly inputs: string;
      readonly files: readonly {readonly format: string; readonly path: string; readonly size: number}[];
      readonly manifest: string;
      readonly log: string;
      readonly reused: boolean;
    }
  /** The builds that `build --delete` would delete with `--yes`. */
  | {readonly type: 'deletable-builds'; readonly builds: readonly DeletableBuild[]}
  | ({readonly type: 'build-deleted'} & DeletableBuild)
  /** The answer of `build --diff`. */
  | {readonly type: 'difference'; readonly old: string; readonly new: string; readonly lines: readonly string[]};
