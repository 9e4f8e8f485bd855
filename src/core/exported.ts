/** The answer of `export`: an image is outside of the cloud, whole. */
export interface Exported {
  readonly type: 'exported';
  readonly cloud: string;
  /** The definition, else the name of the image. */
  readonly definition: string;
  readonly version?: string;
  readonly image: string;
  /** An absolute path, or `oci://…@sha256:…`. */
  readonly target: string;
  readonly bytes: number;
  /** Digests of the cloud that the bytes have, `algorithm:hex`; none: the cloud knows none. */
  readonly digests: readonly string[];
  /** Digest of the manifest of a container image. */
  readonly manifest?: string;
}
