import type {FileHandle} from 'node:fs/promises';
import {constants} from 'node:fs';
import {open} from 'node:fs/promises';
import type {Stats} from 'node:fs';
import {resolve} from 'node:path';
import {fileURLToPath} from 'node:url';
import {originOfFile} from '../../core/origin-text.ts';
import {ImgmgrError} from '../../errors.ts';
import {codeOf, hasCode} from '../../host/fs-error.ts';
import type {PartRequest, ReadRequest, Served, SourceKind} from '../served.ts';

// Larger pieces are pages of their own to the allocator: freeing them stops an upload for long enough to leave the socket dry.
const CHUNK = 128 * 1024;

/** `file:rel/path`, from the folder of the request, and `file:///abs/path`. */
export function createFileKind(): SourceKind {
  return {name: 'file', claims: (url) => url.startsWith('file:'), read, readPart};
}

async function read(request: ReadRequest): Promise<Served> {
  const path = pathOf(request);
  const handle = await openFile(path, request.url);
  const before = await handle.stat();
  if (!before.isFile()) {
    await handle.close();
    throw new ImgmgrError('SOURCE_REFUSED', `${path} is no file${before.isDirectory() ? ' but a folder' : ''}`, {
      hint: 'name the image file itself',
    });
  }
  return {
    url: request.url,
    // No folder of this host: everybody may read it.
    origin: originOfFile(path),
    path,
    size: before.size,
    lastModified: before.mtime,
    remote: false,
    chunks: readChunks({handle, path, before}),
    close: async () => handle.close(),
  };
}

async function readPart(request: PartRequest): Promise<Buffer> {
  const path = pathOf(request);
  const handle = await openFile(path, request.url);
  try {
    if ((await handle.stat()).size !== request.size) throw changed(path);
    const {buffer, bytesRead} = await handle.read(Buffer.alloc(request.length), 0, request.length, request.offset);
    return buffer.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

async function* readChunks(file: {handle: FileHandle; path: string; before: Stats}): AsyncGenerator<Uint8Array> {
  try {
    let position = 0;
    for (;;) {
      const at = position;
      const {bytesRead, buffer} = await file.handle
        .read(Buffer.allocUnsafeSlow(CHUNK), 0, CHUNK, at)
        .catch((cause: unknown) => {
          throw new ImgmgrError('SOURCE_UNAVAILABLE', `${file.path} cannot be read at byte ${at}`, {cause});
        });
      if (bytesRead === 0) break;
      position += bytesRead;
      yield buffer.subarray(0, bytesRead);
    }
    const after = await file.handle.stat();
    if (position !== file.before.size || after.mtimeMs !== file.before.mtimeMs) throw changed(file.path);
  } finally {
    await file.handle.close();
  }
}

function changed(path: string): ImgmgrError {
  return new ImgmgrError('SOURCE_UNAVAILABLE', `${path} changed while it was read`, {
    hint: 'wait until whoever writes it is done; write aside and rename',
  });
}

function pathOf({url, baseDir}: ReadRequest): string {
  if (!url.startsWith('file:/')) return resolve(baseDir, url.slice('file:'.length));
  try {
    return fileURLToPath(url);
  } catch (cause) {
    throw new ImgmgrError('SOURCE_REFUSED', `${url} is no path of this host`, {
      cause,
      hint: 'write file:///absolute/path, or file:path relative to the folder of the definitions',
    });
  }
}

async function openFile(path: string, url: string): Promise<FileHandle> {
  try {
    // Not blocking: a named pipe without a writer would hold us up before it can be refused.
    return await open(path, constants.O_RDONLY | constants.O_NONBLOCK);
  } catch (cause) {
    if (hasCode(cause, 'ENOENT', 'ENOTDIR'))
      throw new ImgmgrError('SOURCE_REFUSED', `${path} does not exist (${url})`, {
        cause,
        hint: 'relative paths start from the folder of the definitions; file:///path is absolute',
      });
    if (hasCode(cause, 'EACCES', 'EPERM'))
      throw new ImgmgrError('SOURCE_REFUSED', `${path} may not be read`, {
        cause,
        hint: 'check owner and mode of the file and its folders',
      });
    throw new ImgmgrError('SOURCE_UNAVAILABLE', `${path} cannot be opened (${codeOf(cause)})`, {cause});
  }
}
