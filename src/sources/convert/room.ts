import {ImgmgrError} from '../../errors.ts';
import {freeBytes} from '../../host/free-bytes.ts';
import {ForeignPlaceError} from '../../host/place.ts';

/** Where something is to be written, and what to do where there is no room. */
export interface Room {
  readonly place: string;
  readonly hint?: string;
}

const MIB = 1024 ** 2;
const HINT = 'free space there, or set IMGMGR_BUILD_DIR to a folder with more room';

/** Throws DISK_FULL where the folder (or the one that it will be made in) has not so many bytes free. */
export async function requireRoom(room: Room, bytes: number): Promise<void> {
  const free = await freeBytes(room.place).catch((error: unknown) => {
    throw asRoomError(error, {place: room.place});
  });
  if (free >= bytes) return;
  throw new ImgmgrError(
    'DISK_FULL',
    `${room.place} has ${mebibytes(free)} free, the copy of the image needs ${mebibytes(bytes)}`,
    {place: room.place, hint: room.hint ?? HINT},
  );
}

/** The error of a tool or a write that found the disk full. */
export function diskFull({place, hint}: Room, cause?: unknown): ImgmgrError {
  return new ImgmgrError('DISK_FULL', `no space left for the copy of the image in ${place}`, {
    place,
    hint: hint ?? HINT,
    ...(cause !== undefined && {cause}),
  });
}

/** What a refusal of the file system means for an operator: DISK_FULL, else CONFIG, with the place. An ImgmgrError stays. */
export function asRoomError(error: unknown, room: Room): unknown {
  if (error instanceof ImgmgrError || !(error instanceof Error) || !('code' in error)) return error;
  if (error instanceof ForeignPlaceError)
    return new ImgmgrError('CONFIG', `nothing is written to ${room.place}: ${error.message}`, {
      place: room.place,
      cause: error,
      hint:
        room.hint ??
        'set IMGMGR_BUILD_DIR to a folder of this user that nobody else may write, or set the sticky bit (chmod +t)',
    });
  const code = String(error.code);
  if (code === 'ENOSPC' || code === 'EDQUOT' || code === 'EFBIG') return diskFull(room, error);
  return new ImgmgrError('CONFIG', `nothing can be written to ${room.place} (${code})`, {
    place: room.place,
    cause: error,
    hint: room.hint ?? 'set IMGMGR_BUILD_DIR to a folder that may be written',
  });
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
