import type {FileHandle} from 'node:fs/promises';
import {link, lstat, open, readdir, readFile, rename, rm, stat} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';
import {ImgmgrError} from '../../errors.ts';
import {isZero, syncPath, writeWhole} from '../../host/durable.ts';
import {freeBytes} from '../../host/free-bytes.ts';
import type {Explanation, Refusal} from '../../host/fs-error.ts';
import {asFileSystemError, hasCode, ifThere} from '../../host/fs-error.ts';
import {isLeftOver, isTemporary, temporaryName} from '../../host/temporary.ts';
import type {ImageToWrite, OpenTarget, TargetRequest, WrittenImage} from '../../ports/image-target.ts';
import {readChecked} from './checked-bytes.ts';

/** What an export that was killed leaves begins with this; the next one into the same folder removes it. */
const PREFIX = '.imgmgr-export-';
const OWN_FILE = 0o600;
/** Of new files, without what the umask takes away. */
const NEW_FILE = 0o666;

/** A file at this absolute path. USAGE for what is there already, unless it is a regular file and may be replaced. */
export async function openFile(path: string, {force, signal}: Omit<TargetRequest, 'address'>): Promise<OpenTarget> {
  await asExplained(path, requirePlace(path, force));
  return {write: (image) => asExplained(path, write(path, image, {force, signal}))};
}

async function requirePlace(path: string, force: boolean): Promise<void> {
  const folder = await ifThere(stat(dirname(path)), 'ENOTDIR');
  if (folder?.isDirectory() !== true)
    throw new ImgmgrError('USAGE', `there is no folder ${dirname(path)}`, {
      hint: 'make it first, or name another file',
    });
  await requireReplaceable(path, force);
}

/** A link is what it is, not what it leads to: nothing is written through it. */
async function requireReplaceable(path: string, force: boolean): Promise<void> {
  const there = await ifThere(lstat(path));
  if (there === undefined) return;
  if (!there.isFile())
    throw new ImgmgrError('USAGE', `${path} is there and no regular file`, {
      hint: 'name a new file; export writes neither to devices nor through links',
    });
  if (!force) throw exists(path);
}

function exists(path: string): ImgmgrError {
  return new ImgmgrError('USAGE', `${path} exists`, {hint: 'name a new file, or replace it with --force'});
}

async function write(
  path: string,
  image: ImageToWrite,
  {force, signal}: Omit<TargetRequest, 'address'>,
): Promise<WrittenImage> {
  const folder = dirname(path);
  await sweep(folder);
  const free = await freeBytes(folder);
  if (image.size !== undefined && image.size > free && image.format !== 'raw') throw full(path, image.size, free);
  const aside = join(folder, temporaryName(PREFIX));
  // Neither an existing file nor a link is opened.
  const file = await open(aside, 'wx', OWN_FILE);
  try {
    const reading = await readChecked(image, signal);
    await writeWithHoles(file, reading.chunks);
    await file.chmod(NEW_FILE & ~(await umask()));
    await file.sync();
    signal.throwIfAborted();
    await putInPlace({aside, path, force, file});
    await syncPath(folder);
    return {target: path, bytes: reading.bytes(), digests: reading.digests()};
  } finally {
    await file.close();
    await rm(aside, {force: true});
  }
}

/** https://man7.org/linux/man-pages/man5/proc_pid_status.5.html; Node's own way sets it for a moment. */
async function umask(): Promise<number> {
  const [, octal] = /^Umask:\s*([0-7]+)$/m.exec(await readFile('/proc/self/status', 'latin1')) ?? [];
  return octal === undefined ? 0o077 : Number.parseInt(octal, 8);
}

/** Raw disks are mostly holes. */
async function writeWithHoles(file: FileHandle, chunks: AsyncIterable<Uint8Array>): Promise<void> {
  let position = 0;
  for await (const chunk of chunks) {
    if (!isZero(chunk)) await writeWhole(file, chunk, position);
    position += chunk.length;
  }
  await file.truncate(position);
}

interface Placing {
  readonly aside: string;
  readonly path: string;
  readonly force: boolean;
  readonly file: FileHandle;
}

/** What appeared meanwhile is not replaced without `force`; what stands there afterwards is what was written. */
async function putInPlace({aside, path, force, file}: Placing): Promise<void> {
  await requireReplaceable(path, force);
  if (force || !(await linked(aside, path))) await rename(aside, path);
  const [own, placed] = [await file.stat({bigint: true}), await lstat(path, {bigint: true})];
  if (own.ino !== placed.ino || own.dev !== placed.dev)
    throw new ImgmgrError('CONFLICT', `${path} is not the file that was written: somebody exchanged it`, {
      hint: 'export to a folder that nobody else may write',
    });
}

/** False where the file system has no hard links. */
async function linked(aside: string, path: string): Promise<boolean> {
  try {
    await link(aside, path);
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) throw exists(path);
    if (hasCode(error, 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS')) return false;
    throw error;
  }
}

/** Removes what killed exports left in the folder; what cannot be removed stays. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isTemporary(name, PREFIX)) continue;
    const path = join(folder, name);
    const there = await ifThere(lstat(path));
    if (!there?.isFile() || there.uid !== process.getuid?.()) continue;
    if (isLeftOver(name, {touchedMs: there.mtimeMs, nowMs: Date.now(), prefix: PREFIX}))
      await rm(path, {force: true}).catch(() => undefined);
  }
}

function full(path: string, bytes: number, free: number): ImgmgrError {
  return new ImgmgrError('DISK_FULL', `${dirname(path)} has room for ${free} bytes, and the image has ${bytes}`, {
    place: path,
    hint: 'free space there, or name a file elsewhere',
  });
}

async function asExplained<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (error) {
    throw asFileSystemError(error, {path, exact: true, explain: (refusal) => explain(path, refusal)});
  }
}

function explain(path: string, {kind, code, reason}: Refusal): Explanation {
  switch (kind) {
    case 'full':
      return {
        code: 'DISK_FULL',
        message: `no space left for ${path}`,
        hint: 'free space there, or name a file elsewhere',
      };
    case 'denied':
    case 'read-only':
      return {
        code: 'CONFIG',
        message: `${path} may not be written (${code})`,
        hint: 'name a file in a folder that you may write',
      };
    case 'foreign':
    case 'no-folder':
      return {
        code: 'USAGE',
        message: `${basename(path)} cannot be a file in ${dirname(path)} (${code})`,
        hint: 'name another file',
      };
    case 'other':
      return {
        code: 'UNAVAILABLE',
        message: `${path} could not be written: ${reason}`,
        hint: 'look at the disk, then run again',
      };
  }
}
