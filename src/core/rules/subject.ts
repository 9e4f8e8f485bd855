import type {FilePosition} from '../../errors.ts';
import type {ImageStatus, Visibility} from '../image/image.ts';
import type {Exception} from './profile.ts';
import type {By} from './rule-text.ts';

/** What rules judge: an image as its definition makes it, as a run is about to make it, or as it is. Sizes: GiB, MiB, bytes. */
export interface Subject {
  readonly kind: 'definition' | 'planned' | 'live';
  /** Null: an image without a name. */
  readonly name: string | null;
  /** Its Glance id, where it has one. */
  readonly image?: string;
  readonly definition?: string;
  readonly version?: string;
  readonly status: ImageStatus;
  readonly visibility: Visibility;
  readonly osHidden: boolean;
  readonly minDisk: number;
  readonly minRam: number;
  /** Bytes that are stored; null: nothing is stored; undefined: not known before the import. */
  readonly size?: number | null;
  readonly virtualSize?: number | null;
  /** Milliseconds since 1970; undefined before it is created. */
  readonly createdAt?: number;
  /** Null: Glance knows none; undefined: not known before the import. */
  readonly osHashAlgo?: string | null;
  readonly tags: readonly string[];
  /** As they were read: text, unless a cloud is at fault. */
  readonly properties: Readonly<Record<string, unknown>>;
  /** Properties that only the run will know. */
  readonly later: ReadonlySet<string>;
  /** False: nothing is published as things stand (disabled, or no version is listed); then neither time nor other images count. */
  readonly published: boolean;
  /** True: it is ours and bears its name, though its version is revoked. */
  readonly revoked?: boolean;
  /** Who can mend its properties, and who can bring a fresher one. */
  readonly mends: By;
  readonly refreshes: By;
  readonly exceptions: readonly Exception[];
  /** Where a property or field is written, or was to be written. */
  readonly placeOf?: (field: string, part: 'key' | 'value') => FilePosition;
}

/** What stands under a property: its text, '' included; undefined where it is absent. What is no text becomes one that no list holds. */
export function valueOf({properties}: Pick<Subject, 'properties'>, key: string): string | undefined {
  const value = Object.hasOwn(properties, key) ? properties[key] : undefined;
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string') return value;
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : NO_TEXT;
}

const NO_TEXT = '(no text)';

/** True for images that the official tests look at: public or community, not hidden. */
export function isOffered({visibility, osHidden}: Pick<Subject, 'visibility' | 'osHidden'>): boolean {
  return (visibility === 'public' || visibility === 'community') && !osHidden;
}

/** How messages call it: `image "Debian 12"`. */
export function titleOf({name, image, definition}: Pick<Subject, 'name' | 'image' | 'definition'>): string {
  return `image "${name ?? image ?? definition ?? ''}"`;
}
