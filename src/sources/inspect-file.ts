import type {FileHandle} from 'node:fs/promises';
import {open} from 'node:fs/promises';
import type {EndInspection, FileEnd, Inspection} from '../core/format/inspect.ts';
import {END_REACH, inspectEnd, inspectStart, RECOGNITION_REACH} from '../core/format/inspect.ts';
import type {Judged, Judgement} from './judge.ts';
import {judgeStart, refuseUnfitEnd} from './judge.ts';
import {peekable} from './chunks.ts';

const CHUNK = 64 * 1024;

/** A file that was judged; bytes. */
export interface JudgedFile extends Judged {
  readonly size: number;
  /** Of the disk, in a fixed VHD. */
  readonly fixedVhd?: number;
}

/** Refuses a file that is unfit as an image, as {@link judgeStart} and {@link refuseUnfitEnd} do a stream. */
export async function judgeFile(path: string, judgement: Judgement): Promise<JudgedFile> {
  const file = await open(path, 'r');
  try {
    const judged = await judgeStart(peekable(chunksOf(file)), judgement);
    const end = await endOf(file);
    const {fixedVhd} = refuseUnfitEnd(judged, end, judgement);
    return {...judged, size: end.size, ...(fixedVhd !== undefined && {fixedVhd})};
  } finally {
    await file.close();
  }
}

/** What start and end of a file show; judges nothing. Size: bytes of the file. */
export async function inspectFile(
  path: string,
): Promise<{readonly inspection: Inspection; readonly end: EndInspection; readonly size: number}> {
  const file = await open(path, 'r');
  try {
    const {size} = await file.stat();
    for (let reach = RECOGNITION_REACH; ;) {
      const head = await bytesAt(file, 0, Math.min(reach, size));
      const complete = head.length === size;
      const inspection = inspectStart(head, complete);
      if (inspection.needed === undefined || complete)
        return {inspection, end: inspectEnd(head, await endOf(file), inspection), size};
      reach = inspection.needed;
    }
  } finally {
    await file.close();
  }
}

async function* chunksOf(file: FileHandle): AsyncGenerator<Uint8Array> {
  for (let at = 0; ;) {
    const chunk = await bytesAt(file, at, CHUNK);
    if (chunk.length === 0) return;
    at += chunk.length;
    yield chunk;
  }
}

async function endOf(file: FileHandle): Promise<FileEnd> {
  const {size} = await file.stat();
  const start = Math.max(0, size - END_REACH);
  return {tail: await bytesAt(file, start, size - start), size};
}

async function bytesAt(file: FileHandle, at: number, length: number): Promise<Buffer> {
  const {buffer, bytesRead} = await file.read(Buffer.alloc(length), 0, length, at);
  return buffer.subarray(0, bytesRead);
}
