import type {CloudObjects} from '../../ports/cloud-object.ts';
import type {Artifact, ImageBuilder} from '../../ports/image-builder.ts';
import type {ImageConverter} from '../../ports/image-converter.ts';
import type {ImageSource, OpenedSource, SourceProbe, SourceRequest} from '../../ports/image-source.ts';
import type {ImageQuota, ImageStore, ImportMethod, StoreOffer} from '../../ports/image-store.ts';
import type {Conversion} from '../../core/conversion.ts';
import type {Definition} from '../../core/definition/definition.ts';
import type {Emit} from '../../core/events.ts';
import type {Image} from '../../core/image/image.ts';
import type {Release} from '../../core/release/release.ts';
import type {RunOptions, Runtime} from '../types.ts';
import type {ImportRefusals} from './import-refusals.ts';

/** Everything that the making of images on one cloud shares. */
export interface AcquireContext {
  readonly run: string;
  readonly store: ImageStore;
  readonly source: ImageSource;
  /** Makes images of volumes and servers; absent where the cloud has none. */
  readonly objects?: CloudObjects;
  /** The image store of another cloud that the operator has. */
  readonly otherStore?: (cloud: string) => Promise<ImageStore>;
  /** Needed where bytes are converted, or judged by qemu-img. */
  readonly converter?: ImageConverter;
  /** Makes the images of builds; absent where nothing is built. */
  readonly builder?: ImageBuilder;
  readonly options: RunOptions;
  readonly baseDir: string;
  readonly runtime: Runtime;
  readonly emit: Emit;
  readonly signal: AbortSignal;
  /** The algorithm this Glance hashes with. */
  readonly glanceAlgorithm: string;
  readonly adHoc: boolean;
  /** What is left of the image quota, asked once per run. */
  readonly quota: () => Promise<ImageQuota>;
  /** What the store offers, asked once per run. */
  readonly offer: () => Promise<StoreOffer>;
  /** What this run knows about imports that the cloud refuses. */
  readonly imports: ImportRefusals;
}

/** One image to be made. */
export interface AcquireTask {
  readonly definition: Definition;
  readonly release: Release;
  /** An empty record with the demanded id. */
  readonly reuse?: Image;
  /** The build whose bytes these are. */
  readonly artifact?: Artifact;
  /** The image whose bytes these are, as the store has them: they go through this host, and no source is asked. */
  readonly stored?: Image;
  /** Rejects where nothing may be made; awaited before anybody is asked for a byte. */
  readonly permitted?: Promise<void>;
}

/** Why all bytes are brought to this host before a cloud gets any, and who does it; `conversion`: what they become there. */
export interface Staging {
  readonly conversion?: Conversion;
  readonly converter: ImageConverter;
}

/** Which digests the one pass over the bytes computes besides a demanded one, and what becomes of them. */
export interface DigestStrategy {
  /** Compute the sha512 of the bytes as they are served. Hashing costs more than sending, so only where it is of use. */
  readonly wantSha512: boolean;
  /** Record that sha512 on the image. */
  readonly recordSha512: boolean;
}

/** The bytes of one image, wherever they come from; what is asked there is decided. */
export interface ByteSource {
  /** A first look, within so many milliseconds. */
  probe(limitMs: number): Promise<SourceProbe>;
  /** Starts reading; without a signal, that of the run ends it. */
  open(how: Pick<SourceRequest, 'limitMs' | 'signal'>): Promise<OpenedSource>;
  /** Once it was probed: the format that the object turned out to have, where nobody said one. */
  format?(): string | undefined;
  /** Removes what was made to get at the bytes; never throws. */
  close?(): Promise<void>;
}

/** What is decided about one image before its first byte travels, and passed to every step that makes it. */
export interface Preparation {
  /** With the build, where the bytes are those of one. */
  readonly task: AcquireTask;
  /** Absent where the bytes go on while they stream. */
  readonly staging?: Staging;
  readonly digests: DigestStrategy;
  readonly source: ByteSource;
  readonly probe: SourceProbe;
  /** As many as the image will have, where known. */
  readonly bytes?: number;
  /** The stores that are asked for; empty: the default. */
  readonly stores: readonly string[];
  /** To be tried in this order; never empty. */
  readonly methods: readonly ImportMethod[];
  /** By the monotonic clock, over all methods. */
  readonly deadlineMs: number;
}

/** A made image: proven, complete, private; or handed to the cloud (`pending`). */
export interface Acquired {
  readonly image: Image;
  readonly pending: boolean;
  /** How it got there, one sentence. */
  readonly detail: string;
  /** Properties that are known only now, for the patch that comes next. */
  readonly marks?: Readonly<Record<string, string>>;
}
