import {createHash} from 'node:crypto';
import {open, readdir, rename, rm, stat} from 'node:fs/promises';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import type {CloudNews} from '../core/metrics/carry-over.ts';
import {carryOver} from '../core/metrics/carry-over.ts';
import {readSamples} from '../core/metrics/read-samples.ts';
import {buildInfo, sampleText} from '../core/metrics/text.ts';
import type {Warning} from '../core/warnings.ts';
import {metricsNotWritten} from '../core/warnings.ts';
import {asImgmgrError} from '../errors.ts';
import {codeOf, hasCode, ifThere, refusalKind} from '../host/fs-error.ts';
import type {Lock} from '../host/lock.ts';
import {sweepHolders, tryLock} from '../host/lock.ts';
import {IrregularFileError, readRegularFile} from '../host/regular-file.ts';
import {isLeftOver, temporaryName} from '../host/temporary.ts';
import type {MetricsWriter} from '../ports/metrics.ts';

/** What metrics are written with. */
export interface TextfileParts {
  /** Absolute path of the folder that node_exporter reads; it is not made. */
  readonly folder: string;
  /** Of imgmgr. */
  readonly version: string;
  readonly now: () => Date;
  /** Takes the secrets out of a text. */
  readonly scrub: (text: string) => string;
  readonly warn: (warning: Warning & {readonly cloud?: string}) => void;
}

/** A larger file is none of ours. */
const MOST_BYTES = 16 * 1024 * 1024;
/** The end of a run waits so long at most. */
const END_MS = 2000;
/** Another run that writes the same file is waited for so long at most; then the later one of both counts. */
const LOCK_MS = 1000;
const RETRY_MS = 20;
/** What begins the names of files in the making; node_exporter reads `*.prom` alone. */
const TEMPORARY = '.imgmgr-tmp-';
const LOCKING = '.imgmgr-lock-';

/** Writes files for the textfile collector of node_exporter, one for each cloud and one for what concerns none; see {@link MetricsWriter}. */
export function createTextfiles(parts: TextfileParts): MetricsWriter {
  let queue = Promise.resolve();
  let warned = false;
  const writeOne = async (news: CloudNews): Promise<void> => {
    try {
      await writeCloud(news, parts);
    } catch (error) {
      const {cloud} = news;
      if (!warned) parts.warn({...(cloud !== '' && {cloud}), ...metricsNotWritten(cloud, reasonOf(error, parts))});
      warned = true;
    }
  };
  return {
    write(news) {
      queue = queue.then(() => writeOne(news));
    },
    async end() {
      const left = queue.then(() => sweep(parts.folder)).catch(() => undefined);
      const isLate = await Promise.race([left.then(() => false), sleep(END_MS, true, {ref: false})]);
      if (isLate && !warned) parts.warn(metricsNotWritten('', `${parts.folder} does not answer`));
      warned ||= isLate;
    },
  };
}

/** The name of the file of a cloud: other clouds have other names, and none leads out of the folder. */
export function fileNameOf(cloud: string): string {
  if (cloud === '') return 'imgmgr.prom';
  const bytes = [...Buffer.from(cloud, 'utf8')].map((byte) => {
    const char = String.fromCharCode(byte);
    return /[\w.-]/.test(char) ? char : `%${byte.toString(16).padStart(2, '0')}`;
  });
  const name = bytes.join('');
  // `~` is in no name that is whole.
  const short = `${name.slice(0, 100)}~${createHash('sha256').update(cloud).digest('hex')}`;
  return `imgmgr-${name.length <= MOST_CHARACTERS ? name : short}.prom`;
}

const MOST_CHARACTERS = 200;

async function writeCloud(news: CloudNews, {folder, version, now, scrub}: TextfileParts): Promise<void> {
  const name = fileNameOf(news.cloud);
  const path = join(folder, name);
  const lock = await lockFor(name, folder);
  try {
    const samples = carryOver(readSamples(await oldText(path), news.cloud), news, now().getTime());
    const info = news.cloud === '' ? [buildInfo(version)] : [];
    await replace(path, {folder, text: scrub(sampleText([...info, ...samples]))});
  } finally {
    await lock?.release();
  }
}

/** Undefined where it cannot be had in time, or at all. */
async function lockFor(name: string, folder: string): Promise<Lock | undefined> {
  const place = {path: join(folder, `.${name}.lock`), aside: folder, prefix: LOCKING};
  for (let waitedMs = 0; waitedMs < LOCK_MS; waitedMs += RETRY_MS) {
    try {
      const lock = await tryLock(place);
      if (lock) return lock;
    } catch {
      // Where the folder cannot be written, the file says so.
      return undefined;
    }
    await sleep(RETRY_MS);
  }
  return undefined;
}

/** Nothing where there is no file, or one that cannot be read or is none of ours: it is replaced all the same. */
async function oldText(path: string): Promise<string> {
  try {
    return (await readRegularFile(path, {maxBytes: MOST_BYTES, follow: false})).toString('utf8');
  } catch (error) {
    if (error instanceof IrregularFileError || hasCode(error, 'ENOENT', 'EACCES', 'EPERM')) return '';
    throw error;
  }
}

/** In one step, readable for everybody, whatever the umask. Metrics need not survive a power cut: the next run writes them again. */
async function replace(path: string, {folder, text}: {readonly folder: string; readonly text: string}): Promise<void> {
  const aside = join(folder, temporaryName(TEMPORARY));
  try {
    const file = await open(aside, 'wx', 0o600);
    try {
      await file.writeFile(text);
      await file.chmod(0o644);
    } finally {
      await file.close();
    }
    await rename(aside, path);
  } catch (error) {
    await rm(aside, {force: true});
    throw error;
  }
}

/** Removes what runs left that were killed while they wrote. */
async function sweep(folder: string): Promise<void> {
  await sweepHolders({folder, prefix: LOCKING});
  const nowMs = Date.now();
  for (const name of await readdir(folder)) {
    if (!name.startsWith(TEMPORARY)) continue;
    const stats = await ifThere(stat(join(folder, name)));
    if (stats && isLeftOver(name, {touchedMs: stats.mtimeMs, nowMs, prefix: TEMPORARY}))
      await ifThere(rm(join(folder, name), {force: true}), 'EACCES', 'EPERM');
  }
}

function reasonOf(error: unknown, {folder}: Pick<TextfileParts, 'folder'>): string {
  const text = asImgmgrError(error).message;
  if (hasCode(error, 'ENOENT')) return `the folder ${folder} is not there`;
  const kind = refusalKind(error);
  if (kind === 'full') return `${folder} has no room left on its disk`;
  return `${folder} ${kind === 'other' ? 'cannot be used' : `may not be written (${codeOf(error)})`}: ${text}`;
}
