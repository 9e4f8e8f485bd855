/** One element of diskimage-builder as it lies on this host. */
export interface ElementTree {
  readonly name: string;
  /** Absolute path. */
  readonly folder: string;
  /** Not one that diskimage-builder brings. */
  readonly own: boolean;
  /** Sorted by path. */
  readonly files: readonly ElementFile[];
  /** Hexadecimal sha256 over paths, modes, kinds and contents; when and by whom they were written does not count. */
  readonly hash: string;
}

export interface ElementFile {
  /** Relative to the element, with `/`. */
  readonly path: string;
  /** Permissions, such as 0o755. */
  readonly mode: number;
  readonly kind: 'file' | 'link';
  /** The content, in own elements where it is UTF-8 of less than 1 MiB; never of a link. */
  readonly text?: string;
  /** Hexadecimal, of the content; of a link: of the path it leads to. */
  readonly sha256: string;
}
