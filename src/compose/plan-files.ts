import {constants} from 'node:fs';
import {access, open, realpath, rm, stat} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import type {PlanFile} from '../core/plan/plan-file.ts';
import {looksLikePlan, planText, readPlanFile} from '../core/plan/plan-file.ts';
import {ImgmgrError} from '../errors.ts';
import {replaceFile} from '../host/durable.ts';
import {hasCode, ifThere, refusalKind} from '../host/fs-error.ts';
import {readRegularFile, unreadable} from '../host/regular-file.ts';
import {temporaryName} from '../host/temporary.ts';

/** No plan file is larger. */
const LARGEST_PLAN = 32 * 1024 ** 2;

/** Reads a plan file; `path` may be relative to the working directory. USAGE where it cannot be read or is no plan, NEWER_FORMAT. */
export async function readPlan(path: string): Promise<PlanFile> {
  if (path === '-')
    throw new ImgmgrError('USAGE', 'a plan is not read from standard input', {
      hint: 'name a file that dry-run --out has written; ./- is a file of this name',
    });
  let bytes: Buffer;
  try {
    bytes = await readRegularFile(path, {maxBytes: LARGEST_PLAN});
  } catch (cause) {
    const reason = hasCode(cause, 'ENOENT', 'ENOTDIR') ? 'does not exist' : unreadable(cause);
    throw new ImgmgrError('USAGE', `the plan ${path} ${reason}`, {
      cause,
      hint: 'name a file that dry-run --out has written',
    });
  }
  return readPlanFile(bytes.toString('utf8'), path);
}

/**
 * What writes a plan to that file, in one step that survives a power cut, readable for its owner alone. USAGE at once where it could not,
 * or where a file is there that is no plan; `shown` is how messages call the file.
 */
export async function planOutput(path: string, shown: string): Promise<(plan: PlanFile) => Promise<void>> {
  if (shown === '-')
    throw new ImgmgrError('USAGE', '--out takes a file: standard output has the answer of dry-run', {
      hint: 'name a file; ./- is a file of this name, and --json writes the plan to standard output as lines for programs',
    });
  const target = (await realPathOf(path, shown)) ?? resolve(path);
  await refuseOthersFile(target, shown);
  await requireWritable(dirname(target), shown);
  return async (plan) => {
    const text = planText(plan);
    if (Buffer.byteLength(text) > LARGEST_PLAN)
      throw new ImgmgrError('LIMIT', `the plan would have more than ${LARGEST_PLAN} bytes, so it is not written`, {
        hint: 'plan fewer clouds or definitions at once: --cloud, --filter',
      });
    try {
      await replaceFile({path: target, text});
    } catch (cause) {
      const full = refusalKind(cause) === 'full';
      throw new ImgmgrError(full ? 'DISK_FULL' : 'CONFIG', `the plan could not be written to ${shown}`, {
        cause,
        hint: full ? 'make room, then run again' : 'look at the rights of its folder, then run again',
      });
    }
  };
}

/** Where the links of the path lead; undefined where nothing is there. USAGE for a loop of links and a name that is too long. */
async function realPathOf(path: string, shown: string): Promise<string | undefined> {
  try {
    return await ifThere(realpath(path), 'ENOTDIR');
  } catch (cause) {
    throw new ImgmgrError('USAGE', `--out ${shown} cannot be written: its path ${pathFault(cause)}`, {
      cause,
      hint: 'name a file in a folder that this user may write to',
    });
  }
}

function pathFault(cause: unknown): string {
  if (hasCode(cause, 'ELOOP')) return 'is a loop of symbolic links';
  return hasCode(cause, 'ENAMETOOLONG') ? 'has a name that is too long' : 'cannot be read';
}

/** A plan may be replaced by a newer one, and an empty file by a plan; nothing else. */
async function refuseOthersFile(target: string, shown: string): Promise<void> {
  const found = await ifThere(stat(target), 'ENOTDIR').catch(() => undefined);
  if (!found || (found.isFile() && found.size === 0)) return;
  let reason = 'is a file that is no plan of imgmgr';
  try {
    const bytes = await readRegularFile(target, {maxBytes: LARGEST_PLAN});
    if (looksLikePlan(bytes.toString('utf8', 0, 200))) return;
  } catch (error) {
    reason = unreadable(error);
  }
  throw new ImgmgrError('USAGE', `--out ${shown} ${reason}, so it is not replaced`, {
    hint: 'name a new file, or an earlier plan',
  });
}

async function requireWritable(folder: string, shown: string): Promise<void> {
  try {
    await access(folder, constants.W_OK | constants.X_OK);
    if ((await stat(folder)).isDirectory()) {
      await tryFileIn(folder);
      return;
    }
  } catch (cause) {
    const isMissing = hasCode(cause, 'ENOENT', 'ENOTDIR') && !(await isFolder(folder));
    const reason = isMissing ? `there is no folder ${folder}` : `${folder} is not writable`;
    throw new ImgmgrError('USAGE', `--out ${shown} cannot be written: ${reason}`, {
      cause,
      hint: 'name a file in a folder that this user may write to',
    });
  }
  throw new ImgmgrError('USAGE', `--out ${shown} cannot be written: ${folder} is no folder`, {
    hint: 'name a file in a folder that this user may write to',
  });
}

/** The kernel's own folders (/proc, /sys) look writable and take no file. */
async function tryFileIn(folder: string): Promise<void> {
  const path = join(folder, temporaryName());
  const file = await open(path, 'wx', 0o600);
  try {
    await file.close();
  } finally {
    await rm(path, {force: true});
  }
}

async function isFolder(path: string): Promise<boolean> {
  return stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
