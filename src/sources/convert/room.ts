import {ImgmgrError} from '../../errors.ts';
import {freeBytes} from '../../host/free-bytes.ts';
import type {Explanation, Refusal} from '../../host/fs-error.ts';
import {asFileSystemError} from '../../host/fs-error.ts';
import {roomHint, TRUST_HINT, WRITABLE_HINT} from '../../host/named-folder.ts';

/** Where something is to be written, and what to do where there is no room. */
export interface Room {
  readonly place: string;
  readonly hint?: string;
}

const MIB = 1024 ** 2;

/** Throws DISK_FULL where the folder (or the one that it will be made in) has not so many bytes free. */
export async function requireRoom(room: Room, bytes: number): Promise<void> {
  const free = await freeBytes(room.place).catch((error: unknown) => {
    throw asRoomError(error, {place: room.place});
  });
  if (free >= bytes) return;
  throw new ImgmgrError(
    'DISK_FULL',
    `${room.place} has ${mebibytes(free)} free, the copy of the image needs ${mebibytes(bytes)}`,
    {place: room.place, hint: room.hint ?? roomHint()},
  );
}

/** The error of a tool or a write that found the disk full. */
export function diskFull(room: Room): ImgmgrError {
  const {code, message, hint} = explainFull(room);
  return new ImgmgrError(code, message, {place: room.place, hint});
}

/** What a refusal of the file system means for an operator: DISK_FULL, else CONFIG, with the place. An ImgmgrError stays. */
export function asRoomError(error: unknown, room: Room): unknown {
  return asFileSystemError(error, {path: room.place, exact: true, explain: (refusal) => explain(refusal, room)});
}

function explain({kind, code, reason}: Refusal, room: Room): Explanation {
  const {place, hint} = room;
  if (kind === 'full') return explainFull(room);
  if (kind === 'foreign')
    return {
      code: 'CONFIG',
      message: `nothing is written to ${place}: ${reason}`,
      hint: hint ?? TRUST_HINT,
    };
  return {
    code: 'CONFIG',
    message: `nothing can be written to ${place} (${code})`,
    hint: hint ?? WRITABLE_HINT,
  };
}

function explainFull({place, hint = roomHint()}: Room): Explanation {
  return {code: 'DISK_FULL', message: `no space left for the copy of the image in ${place}`, hint};
}

function mebibytes(bytes: number): string {
  return `${Math.ceil(bytes / MIB)} MiB`;
}
