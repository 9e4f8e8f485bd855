import type {WrittenFormat} from '../format/disk-formats.ts';

/** The section `build` of a definition, read: what diskimage-builder is asked for. */
export interface BuildSpec {
  readonly elements: readonly string[];
  /** Environment of the build; ends up in the image under /etc/dib-manifests, so no secrets. */
  readonly environment: Readonly<Record<string, string>>;
  readonly packages: readonly string[];
  /** `DIB_RELEASE`. */
  readonly release?: string;
  /** Size of the disk, GiB; absent: what the content needs, and a reserve. */
  readonly sizeGib?: number;
  /** `--mkfs-options`. */
  readonly mkfsOptions?: string;
  /** What is made of the one disk; the first is what goes to Glance unless the definition's `format` is among them. */
  readonly formats: readonly BuildFormat[];
  /** Smaller qcow2, slower to make. */
  readonly compress: boolean;
  readonly timeoutSeconds: number;
  /** Folder with further elements; relative to the definition file. */
  readonly elementsPath?: string;
  /** The file system comes from a container image that is built first. */
  readonly container?: ContainerSpec;
  /** Shown as `image_source`; absent: `private`. */
  readonly source?: string;
}

/** The container whose file system becomes that of the image. */
export interface ContainerSpec {
  /** The Containerfile; relative to the definition file, and not outside of its folder. */
  readonly file: string;
  /** What its COPY and ADD see; absent: the folder of {@link file}. */
  readonly context?: string;
  /** Values of its ARG; they are no secrets. */
  readonly args: Readonly<Record<string, string>>;
}

/** What diskimage-builder can make and Glance takes. */
export const BUILD_FORMATS = ['qcow2', 'raw'] as const satisfies readonly WrittenFormat[];

export type BuildFormat = (typeof BUILD_FORMATS)[number];

/** The machines that images are built for, as `uname -m` and SCS name them. */
export type Machine = 'x86_64' | 'aarch64';

/** diskimage-builder's word for a machine (`-a`). */
export const DIB_ARCH: Readonly<Record<Machine, string>> = {x86_64: 'amd64', aarch64: 'arm64'};

/** Everything that a build is made from, as one digest and in parts, so that a change can be named. */
export interface BuildInputs {
  /** Hexadecimal sha256 over {@link parts}. */
  readonly hash: string;
  /** What is hashed, by name: `elements/<name>` → sha256 of its tree, `environment`, `packages`, `diskimage-builder`, … */
  readonly parts: Readonly<Record<string, string>>;
}
