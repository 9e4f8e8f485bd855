import type {Account, ImageStore} from '../ports/image-store.ts';
import type {Emit} from '../core/events.ts';

/** Logs in and says as whom and in which region; warns where the cloud has several regions and none was chosen. */
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
  return account;
}
