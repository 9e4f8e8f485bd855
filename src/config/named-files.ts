import type {Manifest} from '../core/build/manifest.ts';
import {parseManifest} from '../core/build/manifest.ts';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import {readRegularFile, unreadable} from '../host/regular-file.ts';
import {requireSecretFile} from '../host/trusted-folder.ts';

/** None of these files is larger. */
const LARGEST_FILE = 64 * 1024 * 1024;

/** No shorter secret is taken. */
const SHORTEST_SECRET = 16;

/** A secret in a file of its own, without the end of its line. CONFIG where others could read or exchange the file, and where it is too short. */
export async function readSecret(path: string): Promise<string> {
  const hint = 'make one: (umask 077; openssl rand -hex 32 >FILE)';
  try {
    await requireSecretFile(path);
  } catch (cause) {
    throw new ImgmgrError('CONFIG', asImgmgrError(cause).message, {
      cause,
      hint: 'name a file of this user with mode 0600 or 0400',
    });
  }
  const text = (await readRegularFile(path, {maxBytes: LARGEST_SECRET})).toString('utf8').replace(/\r?\n$/, '');
  if (text.length < SHORTEST_SECRET || text.includes('\n'))
    throw new ImgmgrError('CONFIG', `${path} does not hold one line of at least ${SHORTEST_SECRET} characters`, {hint});
  return text;
}

const LARGEST_SECRET = 4096;

/** One line of authorized_keys. CONFIG where the file holds anything else. */
export async function readPublicKey(path: string): Promise<string> {
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

/** The manifest of a build. USAGE where it cannot be read. */
export async function readManifest(path: string): Promise<Manifest> {
  let text: string;
  try {
    text = (await readRegularFile(path, {maxBytes: LARGEST_FILE})).toString('utf8');
  } catch (cause) {
    throw new ImgmgrError('USAGE', `the manifest ${path} ${unreadable(cause)}`, {
      cause,
      hint: 'name two files manifest.json, as build leaves them beside its images',
    });
  }
  return parseManifest(text, path);
}
