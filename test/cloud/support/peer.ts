import {mkdir, writeFile} from 'node:fs/promises';
import {existsSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {stripVTControlCharacters} from 'node:util';
import {execa} from 'execa';

/** Where the bench has it, too; installed once. */
const HOME = fileURLToPath(new URL('../../../.cache/bench/', import.meta.url));

/** Installs openstack-image-manager from PyPI, where it is not there yet. */
export async function installPeer(): Promise<void> {
  if (existsSync(`${HOME}peer/.complete`)) return;
  await mkdir(HOME, {recursive: true});
  await execa('/usr/bin/python3', ['-m', 'venv', `${HOME}peer`]);
  await execa(`${HOME}peer/bin/pip`, ['install', '-q', 'openstack-image-manager']);
  await writeFile(`${HOME}peer/.complete`, '');
}

/** Runs the peer; what it says, without colours. Rejects where it fails. */
export async function peer(...args: readonly string[]): Promise<string> {
  const {all} = await execa(`${HOME}peer/bin/openstack-image-manager`, args, {all: true, stdin: 'ignore'});
  // Its colours are always on.
  return stripVTControlCharacters(all);
}
