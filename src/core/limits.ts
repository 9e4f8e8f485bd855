/** What an image may have at most; bytes. */
export interface SizeLimits {
  /** Of the file as served. */
  readonly download: number;
  /** Of the file after unpacking. */
  readonly unpacked: number;
  /** Of the disk that it claims. */
  readonly virtual: number;
}

const GIB = 1024 ** 3;

/** What holds where neither flag nor definition says anything. */
export const DEFAULT_LIMITS: SizeLimits = {download: 64 * GIB, unpacked: 64 * GIB, virtual: 256 * GIB};

const UNITS: Readonly<Record<string, number>> = {'': 1, K: 1024, M: 1024 ** 2, G: GIB, T: 1024 ** 4};

/** Bytes of `20G`, `512M`, `1T`, `2048K` or a number of bytes (units of 1024); undefined for anything else, zero included. */
export function parseSize(text: string): number | undefined {
  const [, amount, unit] = /^(\d{1,15})([KMGT]?)$/.exec(text) ?? [];
  const bytes = Number(amount) * (UNITS[unit ?? ''] ?? Number.NaN);
  return bytes > 0 && Number.isSafeInteger(bytes) ? bytes : undefined;
}

/** The limits in their order: flags, definition, defaults. */
export function limitsOf(...stated: readonly (Partial<SizeLimits> | undefined)[]): SizeLimits {
  const first = (name: keyof SizeLimits): number =>
    stated.map((limits) => limits?.[name]).find((value) => value !== undefined) ?? DEFAULT_LIMITS[name];
  return {download: first('download'), unpacked: first('unpacked'), virtual: first('virtual')};
}

/** How a limit is raised, for the hint of an error. */
export function raiseHint(name: keyof SizeLimits): string {
  return `if this size is meant, raise the limit with --max-${name}, or with limits: {${name}: …} in the definition`;
}
