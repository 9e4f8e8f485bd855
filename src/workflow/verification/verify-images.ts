import type {Definition} from '../../core/definition/definition.ts';
import {currentForm, formContext} from '../../core/image/form.ts';
import {compact} from '../../core/image/patch.ts';
import type {Image} from '../../core/image/image.ts';
import {isNewerSchema} from '../../core/image/record.ts';
import type {OwnImage} from '../../core/release/release.ts';
import {releaseOf} from '../../core/release/release.ts';
import {MANAGED_TAG, readStamp} from '../../core/image/stamp.ts';
import {bootHash, verdictProperties} from '../../core/verdict/record.ts';
import type {Verdict} from '../../core/verdict/verdict.ts';
import {ImgmgrError} from '../../errors.ts';
import {logInTo} from '../log-in.ts';
import {sweepBeforeVerify} from '../run/leftovers.ts';
import {newerFormat} from '../run/newer-format.ts';
import {pool} from '../pool.ts';
import {outcomeOf} from '../run/outcome-of.ts';
import type {CloudOutcome, CloudRun} from '../types.ts';
import type {VerificationParts} from './types.ts';
import {Verifier} from './verifier.ts';
import {verifyImage} from './verify-image.ts';

/** A run of `verify` on one cloud. */
export interface VerifyRun extends CloudRun {
  readonly verification: VerificationParts;
  /** Ids or names; empty: the current images of the definitions. */
  readonly targets: readonly string[];
  /** Images that are in no store (local files); verified besides. */
  readonly loose: readonly Image[];
}

/**
 * Verifies images that are there: says each verdict and, on images of ours, stores it in one PATCH; visibility stays as it is.
 * Never throws for what one image or this cloud did wrong: that stands in the outcome.
 */
export async function verifyImages(run: VerifyRun): Promise<CloudOutcome> {
  const {ports, verification, options} = run;
  const verifier = new Verifier({...run, store: ports.store, tests: ports.tests, parts: verification});
  let endWriting: (() => void) | undefined;
  return outcomeOf(run, {
    async work(result) {
      const images = await chooseImages(run, (error) => result.fail(error));
      if (images.length > 0) {
        await verifier.require();
        endWriting = run.beginWriting?.();
        await sweepBeforeVerify(run);
      }
      await pool(options.jobs, images, async (image) => {
        const error = await verifyOne(run, verifier, image);
        if (error) result.fail(error);
        else result.imageCounts.add({passed: 1});
      });
    },
    async end() {
      await verifier.close();
      endWriting?.();
    },
  });
}

/**
 * The images that a run of `verify` works on: the named ones, else the current images of the definitions and those that `alsoWanted`
 * asks for; `fail` hears of names that do not lead to one image.
 */
export async function chooseImages(
  run: VerifyRun,
  fail: (error: ImgmgrError) => void,
  alsoWanted: (own: OwnImage, definition: Definition) => boolean = () => false,
): Promise<readonly Image[]> {
  const {ports, targets, loose, definitions, emit, options} = run;
  const {store} = ports;
  if (loose.length > 0 && targets.length === 0) return loose;
  const account = await logInTo(store, emit);
  if (targets.length === 0) {
    const selected = definitions.filter(({enabled}) => enabled || options.policy.force);
    const own = (await store.listTagged(MANAGED_TAG)).filter((image) => {
      const stamp = readStamp(image);
      const definition = selected.find(({name}) => name === stamp?.definition);
      if (image.owner !== account.projectId || !stamp || !definition) return false;
      return stamp.state === 'current' || alsoWanted({image, stamp}, definition);
    });
    // Where nothing was selected, that was said already.
    if (own.length === 0 && selected.length > 0)
      emit({
        type: 'warning',
        code: 'nothing-to-verify',
        cloud: store.cloud,
        message: `${store.cloud}: no selected definition has a current image: nothing to do`,
      });
    return own;
  }
  const found: Image[] = [...loose];
  for (const target of targets) {
    const images = await find(run, target);
    if (images.length === 1) found.push(...images);
    else fail(notOne(run, target, images));
  }
  return found;
}

async function find({ports}: VerifyRun, target: string): Promise<readonly Image[]> {
  if (/^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(target)) {
    const image = await ports.store.get(target);
    if (image) return [image];
  }
  const named = await ports.store.listNamed([target]);
  const shown = named.filter(({osHidden}) => !osHidden);
  return shown.length > 0 ? shown : named;
}

function notOne({ports, emit}: VerifyRun, target: string, images: readonly Image[]): ImgmgrError {
  const {cloud} = ports.store;
  const error =
    images.length === 0
      ? new ImgmgrError('NOT_FOUND', `there is no image "${target}" on ${cloud}`, {
          hint: 'give the id or the whole name; a local file needs its path, like ./disk.qcow2',
        })
      : new ImgmgrError('USAGE', `${images.length} images on ${cloud} are called "${target}"`, {
          hint: `give the id: ${images.map(({id}) => id).join(', ')}`,
        });
  emit({type: 'definition-failed', cloud, definition: target, error});
  return error;
}

async function verifyOne(run: VerifyRun, verifier: Verifier, image: Image): Promise<ImgmgrError | undefined> {
  const stamp = readStamp(image);
  if (stamp && isNewerSchema(image)) {
    const error = newerFormat(image, stamp.definition);
    run.emit({type: 'definition-failed', cloud: run.ports.store.cloud, definition: stamp.definition, error});
    return error;
  }
  const definition = run.definitions.find(({name}) => name === stamp?.definition);
  const name = stamp?.definition ?? image.name ?? image.id;
  const version = stamp?.version;
  const verdict = await verifyImage(verifier, {
    image,
    definition: name,
    settings: definition?.verify ?? {},
    emit: run.emit,
    ...(version !== undefined && {version}),
  });
  await record(run, {image, definition, verdict});
  if (verdict.kind === 'pass') return undefined;
  const label = version === undefined ? name : `${name} ${version}`;
  return verdict.kind === 'fail'
    ? new ImgmgrError('VERIFICATION', `${label} failed its verification: ${verdict.cause}`)
    : new ImgmgrError('ENVIRONMENT', `${label} could not be verified: ${verdict.cause}, ${verdict.message}`);
}

interface Recorded {
  readonly image: Image;
  readonly definition: Definition | undefined;
  readonly verdict: Verdict;
}

/** One PATCH with the verdict, on our own images alone; what the environment did is nothing to remember. */
async function record(run: VerifyRun, {image, definition, verdict}: Recorded): Promise<void> {
  const {ports, verification, options, adHoc} = run;
  const stamp = readStamp(image);
  if (!verification.options.record || !stamp || verdict.kind === 'environment' || run.loose.includes(image)) return;
  const {projectId} = await ports.store.account();
  if (image.owner !== projectId) return;
  const listed = definition?.versions.find(({version}) => version === stamp.version);
  const form =
    definition && listed
      ? currentForm(formContext({definition, release: releaseOf(listed), policy: options.policy, adHoc}))
      : undefined;
  const {imgmgr_boot, ...properties} = verdictProperties(verdict, {
    run: run.run,
    at: ports.store.now(),
    boot: form ? bootHash(form) : '',
  });
  const set = {...properties, ...(form && imgmgr_boot !== undefined && {imgmgr_boot})};
  await ports.store.update(image, compact(image, {set}));
}
