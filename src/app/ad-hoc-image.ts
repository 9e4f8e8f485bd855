import {resolve} from 'node:path';
import {pathToFileURL} from 'node:url';
import type {Definition} from '../core/definition/definition.ts';
import {readEnding} from '../core/format/disk-formats.ts';
import type {Digest} from '../core/release/digest.ts';
import type {Visibility} from '../core/image/image.ts';
import {isOciUrl, parseOciReference} from '../core/oci-reference.ts';
import {originOfStream} from '../core/origin-text.ts';
import {publicUrl} from '../core/public-url.ts';
import {dayOfChange} from '../core/time-text.ts';
import {ImgmgrError} from '../errors.ts';

/** An image that the command line describes; what is undefined is worked out from its address. */
export interface AdHocImage {
  /** `http(s)://…`, `oci://…`, `image:ID`, `file:…`, a path, or `-` for stdin. */
  readonly address: string;
  /** The cloud that has the image of `image:ID`; absent: the one that gets it. */
  readonly fromCloud?: string;
  /** A server or a volume may be in use. */
  readonly allowRunning: boolean;
  readonly name?: string;
  readonly version?: string;
  /** `YYYY-MM-DD`. */
  readonly buildDate?: string;
  /** Glance's disk_format. */
  readonly diskFormat?: string;
  readonly checksum?: Digest;
  readonly minDiskGib: number;
  readonly minRamMib: number;
  readonly login: string;
  readonly visibility: Visibility;
  readonly protected: boolean;
  readonly properties: Readonly<Record<string, string>>;
}

/** An object of a cloud that was looked at: what its image is called and made of where the command line does not say. */
export interface LocatedObject {
  /** As a definition would list it. */
  readonly url: string;
  /** Absent: the name of the object would be that of a live image. */
  readonly name?: string;
  readonly format: string;
  /** It may turn out to be another one. */
  readonly isAnyFormat?: true;
  /** When what is on it was last known to change. */
  readonly modified: Date;
  readonly digest?: Digest;
  readonly minDiskGib: number;
  readonly minRamMib: number;
}

/** What has to be looked up to complete an {@link AdHocImage}. */
export interface AdHocFacts {
  /** The folder that paths start from. */
  readonly cwd: string;
  readonly now: Date;
  /** When a file was last changed; undefined when there is no such file. */
  readonly modified: (path: string) => Promise<Date | undefined>;
  /** Where the address names an object of a cloud: what was seen of it. */
  readonly object?: LocatedObject;
}

/**
 * The definition that stands for one image of the command line. A file's build date is its last change, so that a second
 * import of the same file finds the image already there. USAGE when name or format can be had nowhere.
 */
export async function toDefinition(image: AdHocImage, facts: AdHocFacts): Promise<Definition> {
  const {object} = facts;
  const source = object ? ofObject(object) : await locate(image.address, facts);
  const checksum = image.checksum ?? object?.digest;
  const buildDate = image.buildDate ?? dayOfChange(source.modified, facts.now);
  const place = {file: 'command line', line: 1, column: 1};
  const name = image.name ?? (object ? object.name : stem(source.fileName) || undefined);
  if (name === undefined)
    throw new ImgmgrError('USAGE', `${publicUrl(image.address)} does not contain the name of the image`, {
      hint: 'give it with --name',
    });
  return {
    name,
    enabled: true,
    format: image.diskFormat ?? object?.format ?? formatOf(source.fileName, image.address),
    ...(object?.isAnyFormat && image.diskFormat === undefined && {isAnyFormat: true as const}),
    login: image.login,
    minDiskGib: Math.max(image.minDiskGib, object?.minDiskGib ?? 0),
    minRamMib: Math.max(image.minRamMib, object?.minRamMib ?? 0),
    status: 'active',
    visibility: image.visibility,
    multi: true,
    separator: ' ',
    keep: false,
    protected: image.protected,
    tags: [],
    meta: image.properties,
    place,
    versions: [
      {
        version: image.version ?? buildDate.replaceAll('-', ''),
        url: source.url,
        buildDate,
        meta: {},
        place,
        ...(checksum && {checksum}),
      },
    ],
  };
}

interface Located {
  readonly url: string;
  readonly fileName: string;
  readonly modified: Date;
}

function ofObject({url, modified}: LocatedObject): Located {
  return {url, fileName: '', modified};
}

async function locate(address: string, facts: AdHocFacts): Promise<Located> {
  if (originOfStream(address) !== undefined) return {url: address, fileName: '', modified: facts.now};
  if (/^https?:\/\//i.test(address))
    return {url: address, fileName: lastPart(pathnameOf(address)), modified: facts.now};
  if (isOciUrl(address)) return {url: address, fileName: ociName(address), modified: facts.now};
  const scheme = /^([a-z][a-z0-9+.-]+):\/\//i.exec(address)?.[1];
  if (scheme !== undefined && scheme.toLowerCase() !== 'file')
    throw new ImgmgrError('USAGE', `images cannot be read from ${scheme}: addresses (${publicUrl(address)})`, {
      hint: 'give an http, https or oci address, a file, or - for stdin',
    });
  return locateFile(address, facts);
}

function ociName(address: string): string {
  const of = parseOciReference(address);
  if (of !== undefined) return lastPart(of.repository);
  throw new ImgmgrError('USAGE', `${publicUrl(address)} names no container image`, {
    hint: 'write oci://registry/repository:tag, with the name of the registry (oci://docker.io/… for Docker Hub)',
  });
}

async function locateFile(address: string, {cwd, modified}: AdHocFacts): Promise<Located> {
  const url = /^file:\//i.test(address)
    ? new URL(address)
    : pathToFileURL(resolve(cwd, address.replace(/^file:/i, '')));
  const path = decodeURIComponent(url.pathname);
  const changed = await modified(path);
  if (changed !== undefined) return {url: url.href, fileName: lastPart(path), modified: changed};
  throw new ImgmgrError('USAGE', `${path} is no file that can be read`, {
    hint: 'give a URL, a file, or - for stdin',
  });
}

function pathnameOf(address: string): string {
  try {
    return decodeURIComponent(new URL(address).pathname);
  } catch (cause) {
    throw new ImgmgrError('USAGE', `${publicUrl(address)} is no valid address`, {
      cause,
      hint: 'blanks and % are to be percent-encoded',
    });
  }
}

function lastPart(path: string): string {
  return path.slice(path.lastIndexOf('/') + 1);
}

const COMPRESSION = /\.(gz|xz|zst|bz2)$/i;

/** The file name without the ending that names its format. */
function stem(fileName: string): string {
  const name = fileName.replace(COMPRESSION, '');
  return readEnding(name)?.stem ?? name;
}

function formatOf(fileName: string, address: string): string {
  const found = readEnding(fileName.replace(COMPRESSION, ''));
  if (found) return found.format;
  throw new ImgmgrError('USAGE', `${publicUrl(address)} does not contain the format of the image`, {
    hint: 'give it with --disk-format (qcow2, raw, iso, vmdk …)',
  });
}
