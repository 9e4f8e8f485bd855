import type {Account, ImageStore} from '../ports/image-store.ts';
import type {Emit} from '../core/events.ts';
import {momentText} from '../core/time-text.ts';
import {asImgmgrError} from '../errors.ts';

/** A credential that ends within this time is warned of; milliseconds. */
export const SOON_MS = 14 * 86_400_000;

/**
 * Logs in and says as whom and in which region; warns where the cloud has several regions and none was chosen, and where the credential ends
 * soon.
 */
export async function logInTo(store: ImageStore, emit: Emit): Promise<Account> {
  const account = await store.account();
  const {projectName: project, userName: user, region, otherRegions = []} = account;
  emit({type: 'cloud-started', cloud: store.cloud, project, user, ...(region !== undefined && {region})});
  if (region !== undefined && otherRegions.length > 0)
    emit({
      type: 'warning',
      code: 'region-not-chosen',
      cloud: store.cloud,
      message: `no region was chosen, this run works in ${region}, not in ${otherRegions.join(' or ')}`,
      hint: 'choose one with --region or OS_REGION_NAME',
    });
  await warnOfExpiry(store, emit);
  return account;
}

/** Nobody depends on the answer: where Keystone gives none, nothing is said but with `-v`. */
async function warnOfExpiry(store: ImageStore, emit: Emit): Promise<void> {
  const {cloud} = store;
  try {
    const expiry = await store.credentialExpiry?.();
    if (!expiry || expiry.getTime() - store.now().getTime() > SOON_MS) return;
    emit({
      type: 'warning',
      code: 'credential-expires',
      cloud,
      message: `the application credential of ${cloud} ends at ${momentText(expiry.getTime())}`,
      hint: 'make a new one, and put its id and secret into clouds.yaml before that',
    });
  } catch (error) {
    const {code, message} = asImgmgrError(error);
    if (code === 'INTERRUPTED') throw error;
    emit({type: 'decision', cloud, message: `when the application credential ends is not known: ${message}`});
  }
}
