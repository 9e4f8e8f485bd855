import type {Readable} from 'node:stream';
import type {Definition} from '../../core/definition/definition.ts';
import type {Digest, DigestAlgorithm} from '../../core/release/digest.ts';
import {formatDigest} from '../../core/release/digest.ts';
import {compact} from '../../core/image/patch.ts';
import type {Image} from '../../core/image/image.ts';
import type {OwnImage, Release} from '../../core/release/release.ts';
import {releaseOf} from '../../core/release/release.ts';
import {compareBytes, heldDigests, recordedDigests} from '../../core/release/same-bytes.ts';
import {readStamp} from '../../core/image/stamp.ts';
import {outcomeOf} from '../run/outcome-of.ts';
import type {CloudOutcome} from '../types.ts';
import type {VerifyRun} from './existing-images.ts';
import {chooseImages, nameOf, workOnImages} from './existing-images.ts';
import {isPresent, recordPresence, reportPresence} from './lost-bytes.ts';
import {judgeDigests} from './judge-digests.ts';

/** Hashes a stream; `seen` hears the bytes so far. */
export type HashBytes = (
  bytes: Readable,
  algorithms: readonly DigestAlgorithm[],
  seen: (bytes: number) => void,
) => Promise<{readonly bytes: number; readonly digests: readonly Digest[]}>;

/** A run of `verify --deep` on one cloud. */
export interface DeepRun extends VerifyRun {
  readonly hashBytes: HashBytes;
}

const STORED_ALGORITHMS: readonly DigestAlgorithm[] = ['sha512'];

/**
 * Reads the bytes of images from the store once and compares them with every digest that is known or demanded; a demanded digest that
 * nothing was known of is recorded on images of ours, in one PATCH. Boots nothing. Never throws for what one image or this cloud
 * did wrong: that stands in the outcome.
 */
export async function verifyDeep(run: DeepRun): Promise<CloudOutcome> {
  const {ports} = run;
  let endWriting: (() => void) | undefined;
  return outcomeOf(run, {
    async work(result) {
      const images = await chooseImages(run, (error) => result.fail(error), isListed);
      if (run.verification.options.record) endWriting = run.beginWriting?.();
      const {projectId} = await ports.store.account();
      const demands = demandsOf(run);
      await workOnImages(run, {images, result}, async (image) => {
        if (!(await isPresent(run, image))) return reportPresence(run, image, false);
        const isRecorded = await readOne(run, {image, projectId, demands});
        await recordPresence(run, image, true);
        return {counts: {passed: 1, ...(isRecorded && {updated: 1})}};
      });
    },
    end: () => endWriting?.(),
  });
}

/** A superseded image of a listed version counts, too: its demanded digest is compared in every run. */
function isListed({stamp}: OwnImage, definition: Definition): boolean {
  return stamp.state === 'retired' && definition.versions.some(({version}) => version === stamp.version);
}

type Demands = (definition: Definition) => Promise<readonly Release[]>;

/** The digests that a definition demands now, read once however many of its images there are. */
function demandsOf(run: DeepRun): Demands {
  const answers = new Map<Definition, Promise<readonly Release[]>>();
  const {finder, baseDir, options, signal} = run;
  const limits = options.limits && {limits: options.limits};
  const ask = async (definition: Definition): Promise<readonly Release[]> =>
    (await finder.find({definition, baseDir, signal, ...limits})).flatMap((found) =>
      found.kind === 'listed'
        ? [{...releaseOf(found.listed), format: definition.format, ...(found.digest && {digest: found.digest})}]
        : [],
    );
  return (definition) => {
    const answer = answers.get(definition) ?? ask(definition);
    answers.set(definition, answer);
    return answer;
  };
}

interface OneImage {
  readonly image: Image;
  readonly projectId: string;
  readonly demands: Demands;
}

/** True when a digest was recorded. */
async function readOne(run: DeepRun, {image, projectId, demands}: OneImage): Promise<boolean> {
  const stamp = readStamp(image);
  const own = stamp && {image, stamp};
  const definition = run.definitions.find(({name}) => name === stamp?.definition);
  const releases = definition && definition.versions.length > 0 ? await demands(definition) : [];
  const release = releases.find(({version}) => version === stamp?.version);
  const {bytes, digests} = await read(run, image, algorithmsFor(image, own, release));
  const {notes, error} = judgeDigests({image, digests, ...(own && {own}), ...(release && {release})});
  if (error) throw error;
  for (const note of notes) run.emit({type: 'warning', cloud: run.ports.store.cloud, image: image.id, ...note});
  const isOurs = own !== undefined && image.owner === projectId;
  const patch = isOurs && run.verification.options.record ? recording({own, release, digests}) : undefined;
  if (patch) await run.ports.store.update(image, compact(image, {set: patch}));
  run.emit({
    type: 'bytes-verified',
    cloud: run.ports.store.cloud,
    definition: nameOf(image),
    image: image.id,
    bytes,
    digests: digests.map(formatDigest),
    recorded: patch !== undefined,
    ...(stamp && {version: stamp.version}),
  });
  return patch !== undefined;
}

function algorithmsFor(image: Image, own: OwnImage | undefined, release: Release | undefined): DigestAlgorithm[] {
  const known = [
    ...heldDigests({image}),
    ...(own ? recordedDigests(own) : []),
    ...(release?.digest ? [release.digest] : []),
  ];
  const algorithms = known.map(({algorithm}) => algorithm);
  return [...new Set(algorithms.length > 0 ? algorithms : STORED_ALGORITHMS)];
}

async function read(
  {ports, hashBytes, signal, emit, runtime, options}: DeepRun,
  image: Image,
  algorithms: readonly DigestAlgorithm[],
): Promise<{readonly bytes: number; readonly digests: readonly Digest[]}> {
  const {store} = ports;
  const startMs = runtime.monotonic();
  let toldMs = startMs;
  const stored = await store.download(image.id, signal);
  const total = stored.size ?? image.size ?? undefined;
  return hashBytes(stored.bytes, algorithms, (bytes) => {
    const nowMs = runtime.monotonic();
    if (nowMs - toldMs < 250) return;
    toldMs = nowMs;
    emit({
      type: 'progress',
      cloud: store.cloud,
      definition: nameOf(image),
      version: readStamp(image)?.version ?? '',
      image: image.id,
      phase: 'reading',
      bytes,
      ...(total !== undefined && {total}),
      elapsedMs: nowMs - startMs,
      limitMs: options.importTimeoutMs,
    });
  });
}

/** What puts a demanded digest on record that nothing was known of and that the bytes have; undefined: nothing to record. */
function recording(input: {
  readonly own: OwnImage;
  readonly release: Release | undefined;
  readonly digests: readonly Digest[];
}): Readonly<Record<string, string>> | undefined {
  const {own, release, digests} = input;
  const demanded = release?.digest;
  if (!release || !demanded) return undefined;
  const compared = compareBytes(own, release);
  if (compared.kind !== 'unknown' || compared.held === 'changed') return undefined;
  if (!digests.some(({algorithm, hex}) => algorithm === demanded.algorithm && hex === demanded.hex)) return undefined;
  const text = formatDigest(demanded);
  if (!own.stamp.digest) return {imgmgr_digest: text};
  return {imgmgr_digests: [...(own.stamp.moreDigests ?? []).map(formatDigest), text].join(',')};
}
