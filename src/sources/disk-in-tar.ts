import {inspectStart, RECOGNITION_REACH} from '../core/format/inspect.ts';
import {ImgmgrError} from '../errors.ts';
import {peekable} from './chunks.ts';
import type {TarEntry} from './tar.ts';
import {tarEntries} from './tar.ts';

/** What is smaller and no disk by its content lies beside the disk: descriptions, lists of digests, licences. */
const SMALLEST_UNKNOWN = 1024 * 1024;

/**
 * The one disk in a tar file (an OVA, an archive of a cloud's own form): what its content shows to be one, or a file of at least 1 MiB. FORMAT_REFUSED
 * for none and for several, for links and devices, and as {@link tarEntries} does; that nothing else follows is known only at the end.
 */
export async function* diskInTar(packed: AsyncIterable<Uint8Array>, show: string): AsyncGenerator<Uint8Array> {
  let found: string | undefined;
  for await (const entry of tarEntries(packed, show)) {
    if (entry.kind === 'other') throw refused(show, `has ${quoted(entry)}, which is neither a file nor a folder`);
    if (entry.kind === 'directory') continue;
    const content = peekable(entry.content);
    if (!(await isDisk(entry, content))) continue;
    if (found !== undefined) throw refused(show, `has two disks (${found}, ${quoted(entry)})`, 'pack each by itself');
    found = quoted(entry);
    yield* content.rest();
  }
  if (found === undefined) throw refused(show, 'has no disk', 'see what it has with tar -t');
}

async function isDisk({size}: TarEntry, content: ReturnType<typeof peekable>): Promise<boolean> {
  if (size >= SMALLEST_UNKNOWN) return true;
  const {head, complete} = await content.peek(RECOGNITION_REACH);
  const {format, partitioned} = inspectStart(head, complete);
  return format !== 'html' && (format !== 'raw' || partitioned);
}

function quoted({path}: TarEntry): string {
  return JSON.stringify(path.slice(0, 100));
}

function refused(show: string, what: string, hint = 'pack the disk by itself'): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', `${show} is a tar file that ${what}`, {hint});
}
