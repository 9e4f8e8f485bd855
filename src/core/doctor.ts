import type {ErrorCode, ImgmgrError} from '../errors.ts';
import {asImgmgrError} from '../errors.ts';

/** How a check of `doctor` ended; `untried`: it could only be shown by something that `doctor` does not do. */
export type Health = 'ok' | 'warn' | 'fail' | 'untried';

/** What a check of `doctor` found. */
export interface Diagnosis {
  readonly health: Health;
  /** What is so, one sentence without a full stop. */
  readonly fact: string;
  /** Why, or what follows from it. */
  readonly reason?: string;
  /** What to do next. */
  readonly remedy?: string;
  /** What kind of failure it is; only where it failed. */
  readonly code?: ErrorCode;
  readonly place?: string;
}

/** Where a value of the settings comes from. */
export type SettingOrigin =
  | {readonly kind: 'file'; readonly place: string}
  | {readonly kind: 'environment'; readonly variable: string}
  | {readonly kind: 'default'};

/** The part of the events that `doctor` answers with. */
export type DoctorEvent =
  /** A check; without a cloud: of this host. */
  | ({readonly type: 'check'; readonly check: string; readonly cloud?: string} & Diagnosis)
  /** How many checks ended how. */
  | ({readonly type: 'checked'} & Readonly<Record<Health, number>>)
  /** `doctor --config`: what holds, in general, for a command or for a cloud; `value` is `null` where there is none. */
  | {
      readonly type: 'setting';
      readonly key: string;
      readonly value: string | null;
      readonly from: SettingOrigin;
      readonly command?: string;
      readonly cloud?: string;
    }
  /** `doctor --policy`: what the services of a cloud have to allow a role. */
  | {readonly type: 'policy'; readonly role: string; readonly services: readonly ServicePolicy[]};

/** The rules of one service, in the order of its file. */
export interface ServicePolicy {
  readonly service: string;
  /** Where the rules go. */
  readonly file: string;
  readonly rules: readonly {
    readonly name: string;
    readonly check: string;
    /** What the role needs it for. */
    readonly why: string;
    /** `always`: an admin alone may by default. `enforced`: any role in the project may, unless the service enforces the newer defaults. */
    readonly need: 'always' | 'enforced' | 'optional';
    /** Where it is optional: when it is needed. */
    readonly only?: string;
  }[];
}

/** What works. */
export function well(fact: string, reason?: string): Diagnosis {
  return {health: 'ok', fact, ...(reason !== undefined && {reason})};
}

/** What works in part, or not for everything. */
export function doubtful(fact: string, detail: Pick<Diagnosis, 'reason' | 'remedy'>): Diagnosis {
  return {health: 'warn', fact, ...detail};
}

/** What is not known, and how to find out. */
export function untried(fact: string, detail: Pick<Diagnosis, 'reason' | 'remedy'>): Diagnosis {
  return {health: 'untried', fact, ...detail};
}

/** A failure, in its own words. */
export function failure(thrown: unknown): Diagnosis {
  const {code, message, hint, place, problems}: ImgmgrError = asImgmgrError(thrown);
  const more = problems.length > 1 ? ` (and ${problems.length - 1} more)` : '';
  return {
    health: 'fail',
    fact: `${message}${more}`,
    ...(hint !== undefined && {remedy: hint}),
    ...(place !== undefined && {place}),
    code,
  };
}

/** The same, where the rest works without it. */
export function shortcoming(thrown: unknown, reason: string): Diagnosis {
  const {message, hint} = asImgmgrError(thrown);
  return {health: 'warn', fact: message, reason, ...(hint !== undefined && {remedy: hint})};
}

/** `4.0 GiB`, `512 MiB`. */
export function sizeText(bytes: number): string {
  const mib = bytes / 1024 ** 2;
  return mib < 1024 ? `${Math.floor(mib)} MiB` : `${(mib / 1024).toFixed(1)} GiB`;
}
