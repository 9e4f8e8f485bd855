import type {FilePosition} from '../../errors.ts';
import type {BuildSpec} from '../build/spec.ts';
import type {Digest} from '../release/digest.ts';
import type {Visibility} from '../image/image.ts';
import type {SizeLimits} from '../limits.ts';
import type {Exception} from '../rules/profile.ts';

/** How a superseded image is retired (product: "An image's life"). */
export type RetireWay = 'renamed' | 'hidden' | 'renamed-by-date' | 'deactivated' | 'community';

/** An image definition after reading: defaults filled in, `meta` as text, places kept for messages. */
export interface Definition {
  readonly name: string;
  readonly enabled: boolean;
  /** Glance's disk_format. */
  readonly format: string;
  /** Nobody said the format: it is what the object of a cloud turns out to have. */
  readonly isAnyFormat?: true;
  readonly login: string;
  readonly password?: string;
  readonly minDiskGib: number;
  readonly minRamMib: number;
  readonly status: 'active' | 'deactivated';
  readonly visibility: Visibility;
  readonly multi: boolean;
  readonly separator: string;
  readonly keep: boolean;
  readonly protected: boolean;
  readonly tags: readonly string[];
  /** Glance properties; booleans became `true`/`false`, null and '' are absent. */
  readonly meta: Readonly<Record<string, string>>;
  readonly imageDescription?: string;
  readonly retireAs?: RetireWay;
  /** Stores that must hold the bytes; absent: the cloud's default store. */
  readonly stores?: readonly string[];
  /** Who sees its shared images besides us; absent: the members are nothing of ours. */
  readonly share?: Share;
  /** As written (not in natural order). */
  readonly versions: readonly Version[];
  /** Present when the definition is to be built instead of fetched. */
  readonly build?: BuildSpec;
  /** What the definition says about its verification; absent fields: the flags and the image's meta decide. */
  readonly verify?: VerifySettings;
  /** What its image may have at most, where the definition says so; bytes. */
  readonly limits?: Partial<SizeLimits>;
  /** Findings of the audit that are accepted for a time (`audit.ignore`). */
  readonly exceptions?: readonly Exception[];
  /** Nothing of it is published or taken out of use until then. */
  readonly hold?: DefinitionHold;
  /** Where the name stands. */
  readonly place: FilePosition;
  /** The absolute folder of its file, from which relative paths start; absent for an image of the command line. */
  readonly folder?: string;
}

/** Where the relative paths of a definition start: its own folder, for an image of the command line that of the run. */
export function folderOf({folder}: Definition, {baseDir}: {readonly baseDir: string}): string {
  return folder ?? baseDir;
}

/** The section `hold`. */
export interface DefinitionHold {
  /** Its end, milliseconds since 1970. */
  readonly untilMs: number;
  readonly reason: string;
  /** Where its end stands. */
  readonly place: FilePosition;
}

/** The section `share`. */
export interface Share {
  /** Ids of projects. */
  readonly projects: readonly string[];
  /** Ids or names of domains: every project of them. */
  readonly domains: readonly string[];
}

/** The section `verify`. */
export interface VerifySettings {
  readonly mode?: 'agent' | 'boot' | 'none';
  readonly deadlineSeconds?: number;
  readonly flavor?: string;
  readonly network?: string;
  /** The test server boots from a volume, whatever its flavor. */
  readonly root?: 'volume';
  /** A command that runs in the background of the guest while {@link ready} is tried; it must not fail. */
  readonly start?: string;
  /** A command that has to succeed in the guest; tried every 2 s until the deadline. */
  readonly ready?: string;
  /** `mode: boot`: a regular expression that the console has to show. */
  readonly console?: string;
  /** `mode: boot`: a TCP port that has to answer. */
  readonly port?: number;
  /** false: not run; true: with its own severity. */
  readonly checks?: Readonly<Record<string, boolean | 'fail' | 'warn' | 'info'>>;
  /** Every listed way has to pass. */
  readonly datasources?: readonly ('metadata' | 'config-drive' | 'nocloud')[];
}

/** One entry of `versions`. */
export interface Version {
  /** `latest` is special: its identity is the upstream digest. */
  readonly version: string;
  readonly url: string;
  readonly mirrorUrl?: string;
  readonly checksum?: Digest;
  /** A list of digests with file names. */
  readonly checksumsUrl?: string;
  /** A file with one bare digest. */
  readonly checksumUrl?: string;
  /** A redirect of {@link url} or the mirror may lead from https to http; only beside {@link checksum}. */
  readonly allowHttpRedirect?: boolean;
  /** `YYYY-MM-DD`. */
  readonly buildDate?: string;
  readonly visibility?: Visibility;
  readonly hidden?: boolean;
  readonly osVersion?: string;
  /** Wins over the definition's `meta`, key by key; null takes a key away. */
  readonly meta: Readonly<Record<string, string | null>>;
  readonly imageDescription?: string;
  readonly source?: string;
  /** The Glance id that the image must get. */
  readonly id?: string;
  /** Why the version is not wanted: it is neither acquired nor current on any cloud. */
  readonly revoked?: string;
  readonly place: FilePosition;
}
