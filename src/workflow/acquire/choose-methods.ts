import type {ImportMethod, StoreOffer} from '../../ports/image-store.ts';
import type {SourceProbe} from '../../ports/image-source.ts';
import type {Release} from '../../core/release/release.ts';
import {demandedId} from '../../core/release/release.ts';
import {ImgmgrError, formatPosition} from '../../errors.ts';
import type {RunOptions} from '../types.ts';

/** What the choice of a method is made from. */
export interface MethodInput {
  readonly release: Release;
  readonly offer: StoreOffer;
  readonly probe: SourceProbe;
  /** Why all bytes must come to this host first. */
  readonly staged?: string;
  /** The algorithm this Glance hashes with. */
  readonly glanceAlgorithm: string;
  readonly options: Pick<RunOptions, 'method' | 'prefetch'>;
  /** The bytes are those of an image in the store, which no cloud fetches from itself. */
  readonly isStored: boolean;
}

/** The methods to try, in this order; the reason says why the first comes first. Throws USAGE or UNSUPPORTED. */
export interface MethodChoice {
  readonly methods: readonly ImportMethod[];
  readonly reason: string;
}

/**
 * web-download where the cloud can fetch and the digest can be proven that way; else the bytes go through us, by an import
 * where offered (only imports run the cloud's plugins), else straight into the image.
 */
export function chooseMethods(input: MethodInput): MethodChoice {
  const {release, offer, options, isStored} = input;
  const obstacle = webDownloadObstacle(input);
  // A record with a demanded id must fall back to `queued` when something fails, and only PUT …/file does that surely.
  const mustUpload = demandedId(release) !== undefined && release.digest !== undefined;
  const streamed: ImportMethod[] = mustUpload
    ? ['upload']
    : offer.methods.includes('glance-direct')
      ? ['glance-direct', 'upload']
      : ['upload'];
  const method = isStored && options.method === 'web-download' ? undefined : options.method;
  if (method !== undefined) return {methods: [forced(input, method, obstacle, mustUpload)], reason: '--method'};
  if (isStored) return {methods: streamed, reason: 'no cloud fetches from its own store'};
  if (options.prefetch === 'always') return {methods: streamed, reason: '--prefetch always'};
  if (options.prefetch === 'never') {
    if (obstacle !== undefined)
      throw new ImgmgrError('UNSUPPORTED', `${release.version} cannot be imported by web-download: ${obstacle}`, {
        place: formatPosition(release.place),
        hint: 'leave --prefetch never out, then the bytes go through imgmgr',
      });
    return {methods: ['web-download'], reason: '--prefetch never'};
  }
  if (obstacle !== undefined) return {methods: streamed, reason: obstacle};
  return {methods: ['web-download', ...streamed], reason: 'the cloud can fetch it itself'};
}

/** Why the cloud cannot fetch and prove this release by itself; undefined when it can. */
function webDownloadObstacle(input: MethodInput): string | undefined {
  const {release, offer, probe, staged, glanceAlgorithm} = input;
  if (!offer.methods.includes('web-download')) return 'this cloud does not offer web-download';
  if (staged !== undefined) return staged;
  if (!probe.remote) return probe.compressed ? 'the source is packed' : 'the source is not on the web';
  if (!release.digest) return undefined;
  if (demandedId(release) !== undefined) return 'a demanded digest on a demanded id is compared while streaming';
  if (release.digest.algorithm !== glanceAlgorithm)
    return `a demanded ${release.digest.algorithm} cannot be compared with this Glance's ${glanceAlgorithm}`;
  return undefined;
}

function forced(
  {release, offer}: MethodInput,
  method: ImportMethod,
  obstacle: string | undefined,
  mustUpload: boolean,
): ImportMethod {
  const place = formatPosition(release.place);
  if (method === 'web-download' && obstacle !== undefined)
    throw new ImgmgrError('USAGE', `--method web-download does not fit ${release.version}: ${obstacle}`, {
      place,
      hint: 'leave --method out, or choose glance-direct or upload',
    });
  if (method !== 'upload' && !offer.methods.includes(method))
    throw new ImgmgrError(
      'USAGE',
      `--method ${method} is not offered by this cloud (it offers ${offer.methods.join(', ')})`,
      {place},
    );
  if (method === 'glance-direct' && mustUpload)
    throw new ImgmgrError(
      'USAGE',
      `--method glance-direct does not fit ${release.version}: a version with an id and a digest is always uploaded`,
      {place},
    );
  return method;
}

/** Faults of the way, not of the bytes or of us: another way may work. A differing hash shows nothing when the cloud may convert. */
export function mayTryAnother(reason: ImgmgrError, method: ImportMethod): boolean {
  if (reason.code === 'DIGEST_MISMATCH') return method === 'web-download';
  return ['IMPORT_FAILED', 'TIMEOUT', 'UNAVAILABLE', 'CLOUD_REFUSED', 'CONFLICT', 'PROTOCOL'].includes(reason.code);
}
