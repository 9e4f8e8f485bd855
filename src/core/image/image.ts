/** Glance's image states (https://docs.openstack.org/glance/latest/user/statuses.html). */
export type ImageStatus =
  'queued' | 'saving' | 'uploading' | 'importing' | 'active' | 'deactivated' | 'killed' | 'deleted' | 'pending_delete';

export type Visibility = 'public' | 'private' | 'shared' | 'community';

/** An image as any store knows it; the names are Glance's, in camel case. Sizes are bytes, minDisk GiB, minRam MiB. */
export interface Image {
  readonly id: string;
  readonly name: string | null;
  readonly status: ImageStatus;
  readonly visibility: Visibility;
  readonly osHidden: boolean;
  readonly protected: boolean;
  /** Id of the owning project. */
  readonly owner: string | null;
  readonly tags: readonly string[];
  readonly minDisk: number;
  readonly minRam: number;
  readonly diskFormat: string | null;
  readonly containerFormat: string | null;
  readonly size: number | null;
  readonly virtualSize: number | null;
  readonly osHashAlgo: string | null;
  readonly osHashValue: string | null;
  /** Glance's legacy md5 of what it holds, hexadecimal; absent where it has none. */
  readonly checksum?: string;
  /** ISO 8601, UTC, whole seconds in Glance. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** Ids of the stores that hold the bytes; empty where the cloud does not say. */
  readonly stores: readonly string[];
  /** Every other property, `os_glance_*` included; always text. */
  readonly properties: Readonly<Record<string, string>>;
}

/** What a create call carries: everything known in advance. A new image is always private. */
export interface NewImage {
  readonly id?: string;
  readonly name: string;
  readonly osHidden: boolean;
  readonly diskFormat?: string;
  readonly minDisk?: number;
  readonly minRam?: number;
  readonly tags: readonly string[];
  readonly properties: Readonly<Record<string, string>>;
}

/** One PATCH: only what is named changes; `tags` replaces the whole list. */
export interface ImagePatch {
  readonly name?: string;
  readonly visibility?: Visibility;
  readonly osHidden?: boolean;
  readonly protected?: boolean;
  /** Only while it is `queued`. */
  readonly diskFormat?: string;
  readonly minDisk?: number;
  readonly minRam?: number;
  readonly tags?: readonly string[];
  readonly set?: Readonly<Record<string, string>>;
  readonly remove?: readonly string[];
}

/** A value of an image's field; null: the field is not there. */
export type FieldValue = string | number | boolean | readonly string[] | null;

/** A field or property of an image, as Glance names it, before and after. */
export interface FieldChange {
  readonly field: string;
  readonly from: FieldValue;
  readonly to: FieldValue;
}

/** The servers on one image, by project; `unknown`: why they are not known. */
export interface ImageUsers {
  readonly image: string;
  readonly count?: number;
  readonly projects?: readonly {readonly projectId: string; readonly count: number}[];
  readonly unknown?: string;
}
