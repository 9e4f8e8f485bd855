import {open, realpath, rm, stat, symlink} from 'node:fs/promises';
import {dirname, join, resolve} from 'node:path';
import type {
  ConvertedFile,
  ConvertRequest,
  ImageConverter,
  JudgeRequest,
  JudgeSourceRequest,
  OpenSource,
} from '../ports/image-converter.ts';
import type {OpenedSource} from '../ports/image-source.ts';
import {limitsOf} from '../core/limits.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {Confinement} from '../host/confine.ts';
import {findConfinement} from '../host/confine.ts';
import {isOutOfReach} from '../host/trusted-folder.ts';
import {convertJudged, requireSound} from './convert/convert-disk.ts';
import {withDeadline} from './convert/deadline.ts';
import type {ToolContext} from './convert/qemu-run.ts';
import {requireConfined, requireQemuImg} from './convert/qemu-run.ts';
import type {Room} from './convert/room.ts';
import {requireRoom} from './convert/room.ts';
import {drain, spool} from './convert/spool.ts';
import {inWorkFolder, sweepWorkFolders} from './convert/work-folder.ts';
import {showUrl} from './show-url.ts';

/** What disks are converted with. */
export interface ConverterOptions {
  readonly exec: Exec;
  /** Where the folders for temporary files are made. */
  readonly root: string;
  /** How qemu-img is kept from other files; default: the best way that works on this host. */
  readonly confinement?: () => Promise<Confinement>;
}

// As large as the pieces of a file, for the same reason.
const CHUNK = 128 * 1024;

/** Judging and conversion with qemu-img. */
export function createConverter(given: ConverterOptions): ImageConverter {
  let found: Promise<Confinement> | undefined;
  const confinement = (): Promise<Confinement> => (found ??= findConfinement(given.exec.run));
  const options = {confinement, ...given};
  return {
    requireTool: async (disk) => {
      await requireQemuImg(options.exec);
      if (disk) requireConfined(await options.confinement(), disk);
    },
    requireRoom: (bytes) => requireRoom({place: options.root}, bytes),
    convert: (openSource, request) =>
      withDeadline(request, (limited) =>
        inWorkFolder(options.root, (folder) => convertSource({...options, folder}, openSource, limited)),
      ),
    judge: (openSource, request) =>
      withDeadline(request, (limited) =>
        inWorkFolder(options.root, (folder) => judgeSource({...options, folder}, openSource, limited)),
      ),
    convertFile: (path, target, request) =>
      withDeadline(request, (limited) =>
        inWorkFolder(options.root, (folder) => convertIntoFile({...options, folder}, {path, target}, limited)),
      ),
    judgeFile: (path, request) =>
      withDeadline(request, (limited) =>
        inWorkFolder(options.root, (folder) => judgeNamed({...options, folder}, path, limited)),
      ),
    sweep: () => sweepWorkFolders(options.root),
  };
}

interface ConverterContext extends ConverterOptions {
  readonly folder: string;
  readonly confinement: () => Promise<Confinement>;
}

async function judgeNamed(
  place: ConverterContext,
  path: string,
  {from, signal, limits}: JudgeRequest,
): Promise<{readonly virtualSize: number}> {
  return unchanged(path, async () => {
    const disk = {path: await named(place, path), format: from, show: path};
    const {virtualSize} = await requireSound({
      disk,
      tool: await toolOf(place, disk.path, signal),
      maxVirtualBytes: limitsOf(limits).virtual,
    });
    return {virtualSize};
  });
}

async function judgeSource(
  place: ConverterContext,
  openSource: OpenSource,
  request: JudgeSourceRequest,
): Promise<OpenedSource> {
  const source = await openSource(request.signal);
  try {
    // A file of this host is copied, too: what was judged must be what goes up.
    const path = await copied(place, source, request);
    const {virtualSize} = await requireSound({
      disk: {path, format: request.from, show: showUrl(source.url)},
      tool: await toolOf(place, path, request.signal),
      maxVirtualBytes: limitsOf(request.limits).virtual,
    });
    const facts = {...source.facts(), virtualSize};
    // Open before the folder goes, as below.
    const bytes = (await open(path)).createReadStream({highWaterMark: CHUNK});
    return {url: source.url, size: facts.givenBytes, virtualSize, bytes, facts: () => facts};
  } finally {
    source.bytes.destroy();
  }
}

async function toolOf(
  {exec, folder, confinement}: ConverterContext,
  path: string,
  signal: AbortSignal,
): Promise<ToolContext> {
  return {exec, folder, file: await realpath(path), confinement: await confinement(), signal};
}

async function convertSource(
  place: ConverterContext,
  openSource: OpenSource,
  request: ConvertRequest,
): Promise<OpenedSource> {
  const room = {place: place.root};
  const target = join(place.folder, 'result');
  const source = await openSource(request.signal);
  try {
    const own = await readByName(source);
    const {size, virtualSize} = await unchanged(own, async () => {
      const path = await fetched(place, {source, path: own}, request);
      return convertInFolder(place, {path, show: showUrl(source.url), target, room}, request);
    });
    // Open before the folder goes: from then on nothing can be left behind.
    const bytes = (await open(target)).createReadStream({highWaterMark: CHUNK});
    const {origin, digests, servedBytes} = source.facts();
    const from = origin === undefined ? {} : {origin};
    return {
      url: source.url,
      size,
      virtualSize,
      bytes,
      facts: () => ({...from, digests, servedBytes, givenBytes: size, virtualSize, format: request.conversion.to}),
    };
  } finally {
    source.bytes.destroy();
  }
}

async function convertIntoFile(
  place: ConverterContext,
  {path, target}: {readonly path: string; readonly target: string},
  request: ConvertRequest,
): Promise<ConvertedFile> {
  const room = {place: dirname(target), hint: 'free space there, or choose another folder'};
  try {
    return await unchanged(path, async () =>
      convertInFolder(place, {path: await named(place, path), show: path, target, room}, request),
    );
  } catch (error) {
    await rm(target, {force: true});
    throw error;
  }
}

async function convertInFolder(
  place: ConverterContext,
  {path, show, target, room}: {readonly path: string; readonly show: string; readonly target: string; room: Room},
  {from, conversion, limits, signal, progress}: ConvertRequest,
): ReturnType<typeof convertJudged> {
  return convertJudged({
    tool: await toolOf(place, path, signal),
    disk: {path, format: from, show},
    target,
    conversion,
    room,
    maxVirtualBytes: limitsOf(limits).virtual,
    progress: (bytes, total) => progress?.({phase: 'converting', bytes, total}),
  });
}

/** The path of a source that is a file here, where its name can be relied on. What others can exchange in between has to be copied. */
async function readByName({path}: OpenedSource): Promise<string | undefined> {
  return path !== undefined && (await isOutOfReach(path)) ? path : undefined;
}

/** All of the source as a file under a name of ours; one that can be read by its own name is only read, to check its digest. */
async function fetched(
  place: ConverterContext,
  {source, path}: {readonly source: OpenedSource; readonly path: string | undefined},
  request: ConvertRequest,
): Promise<string> {
  if (path === undefined) return copied(place, source, request);
  await drain(source.bytes, progressReporter(source, request));
  return named(place, path);
}

/** All of the source in a file of ours. */
async function copied(place: ConverterContext, source: OpenedSource, request: JudgeSourceRequest): Promise<string> {
  const {size} = source;
  const room = {place: place.root};
  if (size !== undefined) await requireRoom(room, size);
  const spooled = join(place.folder, 'source');
  await spool(source.bytes, {path: spooled, room, onBytes: progressReporter(source, request)});
  return spooled;
}

function progressReporter({size}: OpenedSource, {progress}: JudgeSourceRequest): (bytes: number) => void {
  return (bytes) => progress?.({phase: 'fetching', bytes, ...(size !== undefined && {total: size})});
}

async function named({folder}: ConverterContext, path: string): Promise<string> {
  const link = join(folder, 'source');
  await symlink(resolve(path), link);
  return link;
}

/** What was judged must be what was converted: a file that somebody else could write may not change in between. */
async function unchanged<T>(path: string | undefined, work: () => Promise<T>): Promise<T> {
  if (path === undefined) return work();
  const before = await identity(path);
  const done = await work();
  if ((await identity(path)) === before) return done;
  throw new ImgmgrError('SOURCE_UNAVAILABLE', `${path} changed while it was read`, {
    hint: 'wait until whoever writes it is done; write aside and rename',
  });
}

async function identity(path: string): Promise<string> {
  const {dev, ino, size, mtimeNs, ctimeNs} = await stat(path, {bigint: true});
  return [dev, ino, size, mtimeNs, ctimeNs].join('.');
}
