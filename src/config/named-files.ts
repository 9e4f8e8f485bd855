import type {Manifest} from '../core/build/manifest.ts';
import {parseManifest} from '../core/build/manifest.ts';
import {ImgmgrError} from '../errors.ts';
import {readRegularFile, unreadable} from '../host/regular-file.ts';

/** None of these files is larger. */
const LARGEST_FILE = 64 * 1024 * 1024;

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
