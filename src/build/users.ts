import {readdir, stat, writeFile} from 'node:fs/promises';
import {unlinkSync} from 'node:fs';
import {basename, dirname, join} from 'node:path';
import {ifThere} from '../host/fs-error.ts';
import {sweepHolders} from '../host/lock.ts';
import {giveSigns, holderName, isProcessGone, parseHolderName} from '../host/process.ts';

/** What the names of files begin with by which processes say that they use an artifact; `holderName` and the artifact's folder follow. */
const PREFIX = '.used-';
/** `pid.startTime.bootId.pidNamespace.uuid`. */
const HOLDER_PARTS = 5;

/**
 * Says beside the artifact's folder that this process uses it; gives what takes that back. Where it cannot be written down, as on a full
 * disk, the work goes on: only nobody else knows.
 */
export async function sayUsed(folder: string): Promise<() => void> {
  const path = join(dirname(folder), `${PREFIX}${holderName()}.${basename(folder)}`);
  try {
    await writeFile(path, `${new Date().toISOString()}\n`, {flag: 'wx', mode: 0o600});
  } catch {
    return () => undefined;
  }
  const stopSigns = giveSigns(path);
  return () => {
    stopSigns();
    try {
      unlinkSync(path);
    } catch {
      // Its process is gone soon, and then it counts for nothing.
    }
  };
}

/** The number of another living process that uses the artifact in this folder; undefined where there is none. */
export async function userOf(folder: string): Promise<number | undefined> {
  const home = dirname(folder);
  for (const entry of (await ifThere(readdir(home))) ?? []) {
    if (!entry.startsWith(PREFIX)) continue;
    const name = entry.slice(PREFIX.length);
    if (name.split('.').slice(HOLDER_PARTS).join('.') !== basename(folder)) continue;
    const identity = parseHolderName(name);
    const stats = await ifThere(stat(join(home, entry)));
    if (identity === undefined || stats === undefined || isOurs(name)) continue;
    if (!(await isProcessGone(identity, {touchedMs: stats.mtimeMs, folder: home}))) return identity.pid;
  }
  return undefined;
}

/** Removes what dead processes said. */
export async function sweepUsers(home: string): Promise<void> {
  await sweepHolders({folder: home, prefix: PREFIX});
}

/** All but what tells one name of a process from another one. */
function isOurs(name: string): boolean {
  const process = (of: string): string => of.split('.', HOLDER_PARTS - 1).join('.');
  return process(name) === process(holderName());
}
