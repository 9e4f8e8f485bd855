import {readRegularFile, unreadable} from '../host/regular-file.ts';
import {resolve} from 'node:path';
import {ImgmgrError} from '../errors.ts';
import type {VerificationParts, VerifyOptions} from '../workflow/verification/types.ts';
import type {Context} from '../compose/context.ts';
import type {Flags} from './flags.ts';

/** No file of that kind is larger. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** What the flags say about verifying; nothing looked up yet. */
export interface VerifyRequest extends Omit<VerifyOptions, 'sshKey'> {
  /** A file with one public key. */
  readonly sshKeyFile?: string;
  /** Cloud of clouds.yaml to boot in. */
  readonly cloud?: string;
}

/** From the order of a test server to its report. */
export const DEFAULT_DEADLINE_MS = 600_000;

/** Flags into what is asked for. */
export function toVerifyRequest(flags: Flags): VerifyRequest {
  return {
    deadlineMs: flags.deadline ?? DEFAULT_DEADLINE_MS,
    listen: flags.listen ?? {port: 0},
    keepOnFailure: flags.keepOnFailure ?? false,
    inject: flags.inject ?? false,
    record: flags.record ?? true,
    ...(flags.flavor !== undefined && {flavor: flags.flavor}),
    ...(flags.network !== undefined && {network: flags.network}),
    ...(flags.root !== undefined && {root: flags.root}),
    ...(flags.advertise !== undefined && {advertise: flags.advertise}),
    ...(flags.lookup !== undefined && {lookup: flags.lookup}),
    ...(flags.sshKey !== undefined && {sshKeyFile: flags.sshKey}),
    ...(flags.verifyCloud !== undefined && {cloud: flags.verifyCloud}),
  };
}

/** Reads what the request names and opens the other cloud, if any. CONFIG when a file or cloud is not there. */
export async function prepareVerification(request: VerifyRequest, context: Context): Promise<VerificationParts> {
  const {sshKeyFile, cloud, ...options} = request;
  const sshKey = sshKeyFile === undefined ? undefined : await readPublicKey(resolve(context.cwd, sshKeyFile));
  const parts = await context.verification();
  const elsewhere = cloud === undefined ? undefined : await context.clouds([cloud], '--verify-cloud')[0]?.open();
  return {
    ...parts,
    options: {...options, ...(sshKey !== undefined && {sshKey})},
    ...(elsewhere && {elsewhere}),
  };
}

async function readPublicKey(path: string): Promise<string> {
  const hint = 'name a file with one line as in ~/.ssh/id_ed25519.pub';
  let text: string;
  try {
    text = (await readRegularFile(path, {maxBytes: LARGEST_FILE})).toString('utf8');
  } catch (cause) {
    throw new ImgmgrError('CONFIG', `the SSH key ${path} ${unreadable(cause)}`, {hint, cause});
  }
  const lines = text.split('\n').filter((line) => line.trim() !== '' && !line.startsWith('#'));
  // A private key must never travel, so nothing of the file is shown either.
  if (lines.length !== 1 || !/^(?:ssh-|ecdsa-|sk-)\S+ [A-Za-z0-9+/=]+(?: .*)?$/.test(lines[0] ?? ''))
    throw new ImgmgrError('CONFIG', `${path} holds no single public SSH key`, {hint});
  return (lines[0] ?? '').trim();
}
