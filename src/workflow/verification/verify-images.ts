import type {Definition} from '../../core/definition/definition.ts';
import {currentForm, formContext} from '../../core/image/form.ts';
import {compact} from '../../core/image/patch.ts';
import type {Image} from '../../core/image/image.ts';
import {releaseOf} from '../../core/release/release.ts';
import {readStamp} from '../../core/image/stamp.ts';
import {bootHash, verdictProperties} from '../../core/verdict/record.ts';
import type {Verdict} from '../../core/verdict/verdict.ts';
import {ImgmgrError} from '../../errors.ts';
import {sweepBeforeVerify} from '../run/leftovers.ts';
import {outcomeOf} from '../run/outcome-of.ts';
import type {CloudOutcome} from '../types.ts';
import type {ImageResult, VerifyRun} from './existing-images.ts';
import {chooseImages, nameOf, workOnImages} from './existing-images.ts';
import {Verifier} from './verifier.ts';
import {verifyImage} from './verify-image.ts';

/**
 * Verifies images that are there: says each verdict and, on images of ours, stores it in one PATCH; visibility stays as it is.
 * Never throws for what one image or this cloud did wrong: that stands in the outcome.
 */
export async function verifyImages(run: VerifyRun): Promise<CloudOutcome> {
  const {ports, verification} = run;
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
      await workOnImages(run, {images, result}, (image) => verifyOne(run, verifier, image));
    },
    async end() {
      await verifier.close();
      endWriting?.();
    },
  });
}

async function verifyOne(run: VerifyRun, verifier: Verifier, image: Image): Promise<ImageResult> {
  const stamp = readStamp(image);
  const definition = run.definitions.find(({name}) => name === stamp?.definition);
  const name = nameOf(image);
  const version = stamp?.version;
  const verdict = await verifyImage(verifier, {
    image,
    definition: name,
    settings: definition?.verify ?? {},
    emit: run.emit,
    ...(version !== undefined && {version}),
  });
  await record(run, {image, definition, verdict});
  if (verdict.kind === 'pass') return {counts: {passed: 1}};
  const label = version === undefined ? name : `${name} ${version}`;
  return verdict.kind === 'fail'
    ? {failed: new ImgmgrError('VERIFICATION', `${label} failed its verification: ${verdict.cause}`)}
    : {failed: new ImgmgrError('ENVIRONMENT', `${label} could not be verified: ${verdict.cause}, ${verdict.message}`)};
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
