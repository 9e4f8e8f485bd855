import type {VerificationParts} from '../workflow/verification/types.ts';
import type {AppPorts} from './ports.ts';
import type {BootSettings, CloudChoice} from './requests.ts';

/** Reads what the settings name and opens the other cloud, if any. CONFIG when a file or cloud is not there. */
export async function prepareVerification(
  {sshKeyFile, cloud, ...options}: BootSettings,
  {region}: Pick<CloudChoice, 'region'>,
  ports: Pick<AppPorts, 'files' | 'verification' | 'clouds'>,
): Promise<VerificationParts> {
  const sshKey = sshKeyFile === undefined ? undefined : await ports.files.publicKey(sshKeyFile);
  const parts = await ports.verification();
  const choice = {clouds: cloud === undefined ? [] : [cloud], ...(region !== undefined && {region})};
  const elsewhere = cloud === undefined ? undefined : await ports.clouds(choice, '--verify-cloud')[0]?.open();
  return {
    ...parts,
    options: {...options, ...(sshKey !== undefined && {sshKey})},
    ...(elsewhere && {elsewhere}),
  };
}
