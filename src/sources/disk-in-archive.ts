import {inspectStart, RECOGNITION_REACH} from '../core/format/inspect.ts';
import {ImgmgrError} from '../errors.ts';
import type {Peeker} from './chunks.ts';
import {createManifest} from './ova-manifest.ts';
import {peekable} from './chunks.ts';
import {tarEntries} from './tar.ts';
import {zipEntries} from './zip.ts';

/** What is smaller and no disk by its content lies beside the disk: descriptions, lists of digests, licences. */
const SMALLEST_UNKNOWN = 1024 * 1024;

const DISPROVED = 'fetch it again, and ask whoever made it: it was changed after it was packed, or on its way';

interface Entry {
  readonly path: string;
  readonly kind?: 'file' | 'directory' | 'other';
  /** Absent where only its end shows it. */
  readonly size?: number;
  readonly content: AsyncGenerator<Uint8Array>;
}

/**
 * The one disk in an archive (an OVA, the form of a cloud): what its content shows to be one, or a file of at least 1 MiB. FORMAT_REFUSED for none and
 * for several, for links and devices, where the manifest of an OVA has another digest of it, and as {@link tarEntries} and {@link zipEntries} do; that nothing else follows is known only at the end.
 */
export async function* diskInArchive(
  packed: AsyncIterable<Uint8Array>,
  {show, kind}: {readonly show: string; readonly kind: 'tar' | 'zip'},
): AsyncGenerator<Uint8Array> {
  const entries: AsyncGenerator<Entry> = kind === 'tar' ? tarEntries(packed, show) : zipEntries(packed, show);
  const refused = (what: string, hint = 'pack the disk by itself'): ImgmgrError =>
    new ImgmgrError('FORMAT_REFUSED', `${show} is a ${kind} file that ${what}`, {hint});
  const manifest = createManifest();
  let found: string | undefined;
  for await (const entry of entries) {
    if (entry.kind === 'other') throw refused(`has ${quoted(entry)}, which is neither a file nor a folder`);
    if (entry.kind === 'directory') continue;
    const content = peekable(entry.content);
    if (!(await isDisk(entry, content))) {
      await manifest.note(entry.path, content);
      await content.close();
      continue;
    }
    if (found !== undefined) throw refused(`has two disks (${found}, ${quoted(entry)})`, 'pack each by itself');
    found = quoted(entry);
    yield* manifest.hashed(entry.path, content.rest());
  }
  if (manifest.isDisproved())
    throw refused(`has other bytes in ${found ?? ''} than its manifest (.mf) says`, DISPROVED);
  if (found === undefined)
    throw refused('has no disk', `see what it has with ${kind === 'tar' ? 'tar -t' : 'unzip -l'}`);
}

async function isDisk({size}: Entry, content: Peeker): Promise<boolean> {
  if (size !== undefined && size >= SMALLEST_UNKNOWN) return true;
  const {head, complete} = await content.peek(size === undefined ? SMALLEST_UNKNOWN : RECOGNITION_REACH);
  if (head.length >= SMALLEST_UNKNOWN) return true;
  const {format, partitioned} = inspectStart(head, complete);
  return format !== 'html' && (format !== 'raw' || partitioned);
}

function quoted({path}: Entry): string {
  return JSON.stringify(path.slice(0, 100));
}
