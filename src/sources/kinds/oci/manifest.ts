import {createHash} from 'node:crypto';
import {z} from 'zod';
import {ociArchitecture} from '../../../core/oci-reference.ts';
import {ImgmgrError} from '../../../errors.ts';

const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

const INDEX_TYPES: readonly string[] = [
  'application/vnd.oci.image.index.v1+json',
  'application/vnd.docker.distribution.manifest.list.v2+json',
];
const MANIFEST_TYPES: readonly string[] = [
  'application/vnd.oci.image.manifest.v1+json',
  'application/vnd.docker.distribution.manifest.v2+json',
];

/** What a registry is asked for, as HTTP's `Accept`. */
export const ACCEPTED = [...INDEX_TYPES, ...MANIFEST_TYPES].join(', ');

/** Layers are tar files; how they are compressed is seen in their first bytes. */
const LAYER_TYPES: ReadonlySet<string> = new Set([
  'application/vnd.oci.image.layer.v1.tar',
  'application/vnd.oci.image.layer.v1.tar+gzip',
  'application/vnd.oci.image.layer.v1.tar+zstd',
  'application/vnd.docker.image.rootfs.diff.tar',
  'application/vnd.docker.image.rootfs.diff.tar.gzip',
  'application/vnd.docker.image.rootfs.diff.tar.zstd',
]);
const MOST_LAYERS = 512;
const MOST_PLATFORMS = 1000;

/** What a manifest names: a blob, or another manifest. Bytes. */
export interface Descriptor {
  readonly digest: string;
  readonly size: number;
}

/** One image: its configuration, and its layers from the lowest up. */
export interface Manifest {
  readonly config?: Descriptor;
  readonly layers: readonly Descriptor[];
}

/** What an index offers for a processor. */
export type ReadManifest =
  {readonly kind: 'image'; readonly manifest: Manifest} | {readonly kind: 'index'; readonly chosen: Descriptor};

const descriptor = z.object({
  mediaType: z.string().optional(),
  digest: z.string().regex(DIGEST),
  size: z.int().min(0),
  urls: z.array(z.string()).optional(),
});
const platform = z.object({os: z.string(), architecture: z.string(), variant: z.string().optional()});
const schema = z.object({
  schemaVersion: z.literal(2),
  mediaType: z.string().optional(),
  config: descriptor.optional(),
  layers: z.array(descriptor).max(MOST_LAYERS).optional(),
  manifests: z
    .array(descriptor.extend({platform: platform.optional()}))
    .max(MOST_PLATFORMS)
    .optional(),
});
type Parsed = z.infer<typeof schema>;

/** How a manifest is read, and how messages name it. */
export interface Reading {
  readonly show: string;
  /** The server's Content-Type, which counts where the manifest does not say what it is. */
  readonly contentType: string | undefined;
  /** Glance's word for the processor; absent: the only one there is. */
  readonly architecture: string | undefined;
}

/**
 * Reads a manifest or an index. SOURCE_REFUSED for what is neither, for both at once, and for layers that cannot be read: of a foreign
 * server, or no tar. https://github.com/opencontainers/image-spec/blob/main/manifest.md
 */
export function readManifest(body: Uint8Array, reading: Reading): ReadManifest {
  const parsed = parse(body, reading.show);
  const type = parsed.mediaType ?? reading.contentType?.split(';', 1)[0]?.trim().toLowerCase();
  if (parsed.manifests !== undefined && (parsed.layers !== undefined || parsed.config !== undefined))
    throw refused(reading.show, 'has a manifest that is an image and a list of images at once');
  if (parsed.manifests !== undefined && (type === undefined || INDEX_TYPES.includes(type)))
    return {kind: 'index', chosen: choose(parsed.manifests, reading)};
  if (parsed.layers !== undefined && (type === undefined || MANIFEST_TYPES.includes(type)))
    return {kind: 'image', manifest: imageOf(parsed, parsed.layers, reading.show)};
  throw refused(reading.show, `has a manifest of another kind (${type ?? 'unknown'})`);
}

/** SOURCE_REFUSED where the configuration of an image names another processor than the definition. */
export function checkArchitecture(config: Uint8Array, {show, architecture}: Reading): void {
  if (architecture === undefined) return;
  const found = z.object({architecture: z.string().optional()}).safeParse(jsonOf(config)).data?.architecture;
  if (found === undefined || found === '' || found === ociArchitecture(architecture)) return;
  throw refused(
    show,
    `is an image for ${found.slice(0, 40)}, and the definition says ${architecture}`,
    'correct the property architecture, or name another tag',
  );
}

/** `sha256:…` or `sha512:…` of these bytes, as `like` has it. */
export function digestOf(body: Uint8Array, like = 'sha256:'): string {
  const algorithm = like.startsWith('sha512:') ? 'sha512' : 'sha256';
  return `${algorithm}:${createHash(algorithm).update(body).digest('hex')}`;
}

function parse(body: Uint8Array, show: string): Parsed {
  const parsed = schema.safeParse(jsonOf(body));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const place = issue?.path.join('.') ?? '';
  throw refused(show, `has a manifest that cannot be read${place === '' ? '' : ` (${place.slice(0, 80)})`}`);
}

function jsonOf(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', {fatal: true}).decode(body));
  } catch {
    return undefined;
  }
}

function choose(offered: NonNullable<Parsed['manifests']>, {show, architecture}: Reading): Descriptor {
  const linux = offered.filter(({platform: of}) => of === undefined || of.os === 'linux');
  const wanted = architecture === undefined ? undefined : ociArchitecture(architecture);
  const fitting = linux.filter(
    ({platform: of}) => of === undefined || wanted === undefined || of.architecture === wanted,
  );
  const plain = fitting.filter(({platform: of}) => of?.variant === undefined || of.variant === 'v8');
  const [chosen, ...others] = fitting.length === 1 ? fitting : plain;
  if (chosen !== undefined && others.length === 0) return {digest: chosen.digest, size: chosen.size};
  const named = linux.map(({platform: of}) => of?.architecture ?? 'unnamed');
  const there = [...new Set(named)].slice(0, 10).join(', ').slice(0, 200);
  if (fitting.length === 0)
    throw refused(
      show,
      `has no image for ${architecture ?? 'linux'}, but for ${there === '' ? 'none' : there}`,
      'correct the property architecture, or name another tag',
    );
  throw refused(
    show,
    `has several images (${there})`,
    'say which with the property architecture, or name one by its digest',
  );
}

function imageOf({config}: Parsed, layers: NonNullable<Parsed['layers']>, show: string): Manifest {
  for (const {mediaType = '', urls = []} of layers) {
    if (urls.length > 0 || /foreign|nondistributable/.test(mediaType))
      throw refused(show, 'has a layer that lies on another server', 'push it with all of its layers');
    if (!LAYER_TYPES.has(mediaType))
      throw refused(
        show,
        `has a layer of the type ${mediaType.slice(0, 80) || 'none'}, which is no tar`,
        'make an image with one file below /disk (FROM scratch, COPY image.qcow2 /disk/)',
      );
  }
  return {
    layers: layers.map(({digest, size}) => ({digest, size})),
    ...(config && {config: {digest: config.digest, size: config.size}}),
  };
}

function refused(show: string, what: string, hint?: string): ImgmgrError {
  return new ImgmgrError('SOURCE_REFUSED', `${show} ${what}`, hint === undefined ? {} : {hint});
}
