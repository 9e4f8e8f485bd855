/** A server that runs on an image, of any project. */
export interface ServerUse {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
}

/** How many servers run on an image, by project, the project with most first; `servers` are a few of them, to name. */
export interface ServerCount {
  readonly count: number;
  readonly projects: readonly {readonly projectId: string; readonly count: number}[];
  readonly servers: readonly ServerUse[];
}

/** What could be seen where the whole answer cannot be had: servers of all projects as far as they are listed, or of our project alone. */
export type SeenServers = ServerCount & {readonly scope: 'all-projects' | 'own-project'};

/**
 * Who uses an image. `unknown`: we may not ask, or the answer may lack servers; the hint says how to get the answer, and `seen` is there
 * where it was asked for. `no-service`: no region that has the image has a compute service, so no server uses it.
 */
export type ImageUse =
  | ({readonly kind: 'used-by'} & ServerCount)
  | {readonly kind: 'unused'}
  | {readonly kind: 'unknown'; readonly reason: string; readonly hint: string; readonly seen?: SeenServers}
  | {readonly kind: 'no-service'};

/** Which images are asked about. */
export interface UseQuestion {
  readonly ids: readonly string[];
  /** Also what can be seen where the whole answer cannot be had; costs further calls there. */
  readonly partial?: boolean;
}

/** What any cloud must be able to answer about servers. */
export interface ServerHost {
  /**
   * Who uses each of these images: servers of all projects, in all regions that have the images, that were made from it and still
   * exist. The answer has every id that was asked about. Throws what a service that does not answer throws.
   */
  imageUses(question: UseQuestion): Promise<ReadonlyMap<string, ImageUse>>;
}
