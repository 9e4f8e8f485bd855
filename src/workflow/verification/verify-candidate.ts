import type {ImageStore} from '../../ports/image-store.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {currentForm, formContext} from '../../core/image/form.ts';
import type {Image} from '../../core/image/image.ts';
import {describePublished} from '../../core/image/naming.ts';
import type {Release} from '../../core/release/release.ts';
import {demandedId} from '../../core/release/release.ts';
import {MOST_UNSEEN, bootHash, unseenBoots, unseenProperties, verdictProperties} from '../../core/verdict/record.ts';
import type {Verdict} from '../../core/verdict/verdict.ts';
import {ImgmgrError} from '../../errors.ts';
import type {AcquireContext} from '../acquire/types.ts';
import {discardImage} from '../acquire/make-record.ts';
import {patchSurely} from '../sure-writes.ts';
import type {Verifier} from './verifier.ts';
import {verifyImage} from './verify-image.ts';

/** An image that stands between its acquisition and its publication. */
export interface CandidateTask {
  readonly definition: Definition;
  readonly release: Release;
  readonly image: Image;
  /** Failed candidates of the definition that are kept already, the newest first. */
  readonly quarantined: readonly Image[];
  /** What users find under the name of the definition until this image is published. */
  readonly published: readonly Image[];
  /** The image was published once, so its place is not the quarantine. */
  readonly wasPublished: boolean;
}

/** A passed verification: what publishing writes about it besides. */
export interface PassedVerification {
  readonly verdict: Verdict;
  readonly properties: Readonly<Record<string, string>>;
}

/**
 * Verifies a candidate. A pass comes back with what is to be remembered of it; a failed image goes into quarantine and VERIFICATION
 * is thrown; where the environment is at fault the private image stays for the next run and ENVIRONMENT is thrown.
 */
export async function verifyCandidate(
  context: AcquireContext,
  verifier: Verifier,
  task: CandidateTask,
): Promise<PassedVerification> {
  const {definition, release, image} = task;
  const form = currentForm(formContext({...task, policy: context.options.policy, adHoc: context.adHoc}));
  if (unseenBoots(image) >= MOST_UNSEEN && !context.options.policy.reverify) throw notAgain(task);
  const verdict = await verifyImage(verifier, {
    image,
    definition: definition.name,
    version: release.version,
    settings: definition.verify ?? {},
    emit: context.emit,
  });
  if (verdict.kind === 'environment') {
    const set = {
      ...(image.properties['imgmgr_state'] === 'importing' && {imgmgr_state: 'ready'}),
      ...(verdict.cause === 'no-witness' && !task.wasPublished && unseenProperties(image)),
    };
    if (Object.keys(set).length > 0) await patchSurely(context, image, {set});
    throw new ImgmgrError(
      'ENVIRONMENT',
      `${definition.name} ${release.version} could not be verified: ${verdict.cause}, ${verdict.message}`,
      {hint: verdict.hint ?? 'the image stays private; the next run goes on with it'},
    );
  }
  const properties = verdictProperties(verdict, {run: context.run, at: context.store.now(), boot: bootHash(form)});
  if (verdict.kind === 'pass') return {verdict, properties};
  await quarantine(context, task, properties);
  throw new ImgmgrError(
    'VERIFICATION',
    `${definition.name} ${release.version} failed its verification: ${causeText(verdict)}; ${describePublished(definition, task.published)}`,
    {hint: verdict.hint ?? 'the failing checks say what to mend; docs/checks.md explains each'},
  );
}

function notAgain({definition, release, image}: CandidateTask): ImgmgrError {
  return new ImgmgrError(
    'ENVIRONMENT',
    `${definition.name} ${release.version} was booted ${unseenBoots(image)} times without a report and without a console, so it is not booted again`,
    {
      hint: 'let this account read the console log (os-getConsoleOutput), or let guests reach this host (--advertise, firewall, security group); then run with --reverify',
    },
  );
}

/** `checks-failed (dns, mtu)`; the verdict event has the rest. */
function causeText({cause, failed}: Verdict): string {
  return failed.length === 0 ? cause : `${cause} (${failed.join(', ')})`;
}

/** Keeps the failed candidate with its evidence, and of earlier ones only as many as `--quarantine` says; 0 removes it. */
async function quarantine(
  context: AcquireContext,
  task: CandidateTask,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const {image, definition, release, quarantined, wasPublished} = task;
  const {quarantine: most} = context.options.policy;
  if (wasPublished) {
    await patchSurely(context, image, {set: properties});
    return;
  }
  if (most === 0 && demandedId(release) !== image.id) await discardImage(context, {definition, release}, image.id);
  else await patchSurely(context, image, {set: {...properties, imgmgr_state: 'quarantined'}});
  await trim(context.store, quarantined.filter(({id}) => id !== image.id).slice(Math.max(0, most - 1)));
}

async function trim(store: ImageStore, images: readonly Image[]): Promise<void> {
  for (const {id} of images) await store.delete(id);
}
