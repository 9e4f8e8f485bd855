/** What is left of one build on this host. */
export interface KeptBuild {
  /** Names it: `20261127-82989a827f94`, version and inputs; where its log alone is left, version and run. */
  readonly id: string;
  /** Name of its definition; where nobody knows it, what stands for it in the names of files (`debian-12-1711d43d`). */
  readonly definition: string;
  readonly version: string;
  /** Absolute path of the folder with its images and its manifest; absent: its log alone is left. */
  readonly folder?: string;
  /** Absolute path. */
  readonly log?: string;
  /** Of all of it. */
  readonly bytes: number;
  /** Who works with it: `process 123`. */
  readonly usedBy?: string;
}

/** The builds that this host keeps: what they made, and their logs. */
export interface BuildArchive {
  /** All of them, by definition and version; `definitions`: names that may be those of logs. Removes what killed deletions left. */
  list(definitions: readonly string[]): Promise<readonly KeptBuild[]>;
  /** Removes log and folder; killed in between, what it left is listed, or not to be seen. LOCKED where another run uses it. */
  remove(build: KeptBuild): Promise<void>;
}
