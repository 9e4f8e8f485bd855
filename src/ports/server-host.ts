/** A server that runs on an image, of any project. */
export interface ServerUse {
  readonly id: string;
  readonly name: string;
  readonly projectId: string;
}

/**
 * Who uses an image. `unknown`: we may not ask, or the answer may lack servers; the hint says what to do. `no-service`: no region that
 * has the image has a compute service, so nobody does.
 */
export type ImageUse =
  | {readonly kind: 'used-by'; readonly servers: readonly ServerUse[]}
  | {readonly kind: 'unused'}
  | {readonly kind: 'unknown'; readonly reason: string; readonly hint: string}
  | {readonly kind: 'no-service'};

/** What any cloud must be able to tell about servers. */
export interface ServerHost {
  /** Servers of all projects, in all regions that have the image, that were made from it and still exist. */
  imageUse(imageId: string): Promise<ImageUse>;
}
