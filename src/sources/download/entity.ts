import type {Answer} from './answer.ts';

/** What an answer says about the file as a whole. */
export interface Entity {
  /** Bytes of the whole file, where known. */
  readonly size?: number;
  /** Where the answer's body starts in the file. */
  readonly start: number;
  /** Proof of the same content, usable in If-Range (https://www.rfc-editor.org/rfc/rfc9110#section-13.1.5): no weak tags. */
  readonly validator?: string;
  readonly lastModified?: Date;
  readonly contentType?: string;
}

/** Reads the headers of a 200, 206 or 416. */
export function entityOf({status, headers}: Answer): Entity {
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers['content-range'] ?? '');
  const size = status === 200 ? count(headers['content-length']) : count(range?.[2]);
  const validator = validatorOf(headers);
  const lastModified = dateOf(headers['last-modified']);
  const contentType = headers['content-type']?.toLowerCase();
  return {
    start: status === 206 ? (count(range?.[1]) ?? 0) : 0,
    ...(size === undefined ? {} : {size}),
    ...(validator === undefined ? {} : {validator}),
    ...(lastModified === undefined ? {} : {lastModified}),
    ...(contentType === undefined ? {} : {contentType}),
  };
}

function validatorOf(headers: Readonly<Record<string, string>>): string | undefined {
  const tag = headers['etag'];
  if (tag?.startsWith('"') === true) return tag;
  return headers['last-modified'];
}

function count(text: string | undefined): number | undefined {
  return text !== undefined && /^\d+$/.test(text) ? Number(text) : undefined;
}

function dateOf(text: string | undefined): Date | undefined {
  const date = new Date(text ?? '');
  return Number.isNaN(date.getTime()) ? undefined : date;
}
