import {randomUUID} from 'node:crypto';
import type {FakeClock} from '../clock.ts';
import {wholeSeconds} from '../clock.ts';
import {without} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';

/** One image as the fake keeps it; the names are Glance's own. */
export interface ImageRecord {
  readonly id: string;
  name: string | null;
  status: string;
  visibility: string;
  os_hidden: boolean;
  protected: boolean;
  owner: string | null;
  tags: readonly string[];
  min_disk: number;
  min_ram: number;
  disk_format: string | null;
  container_format: string | null;
  size: number | null;
  virtual_size: number | null;
  checksum: string | null;
  os_hash_algo: string | null;
  os_hash_value: string | null;
  readonly created_at: Date;
  updated_at: Date;
  /** Ids of the stores that hold the bytes. */
  stores: readonly string[];
  properties: Readonly<Record<string, string>>;
  /** The projects that the image is lent to, where it is shared, and what they said to it. */
  members: Readonly<Record<string, Membership>>;
}

export type Membership = 'pending' | 'accepted' | 'rejected';

/** What an image looks like in an answer; a new object after every change, so it may be kept. */
export type ImageView = Readonly<Record<string, unknown>>;

/** Told after every change of any image. */
export type ChangeListener = (cause: string) => void;

/** The images of a fake Glance. Every change goes through {@link ImageTable.change}, so that listeners miss none. */
export interface ImageTable {
  add(fields: Partial<ImageRecord>, cause?: string): ImageRecord;
  find(id: string): ImageRecord | undefined;
  all(): readonly ImageRecord[];
  change(id: string, cause: string, edit: (record: ImageRecord) => void): ImageRecord | undefined;
  remove(id: string, cause: string): void;
  /** True for ids that are or were taken: Glance gives a deleted image's id to nobody. */
  isTaken(id: string): boolean;
  view(record: ImageRecord): ImageView;
  /** The view as JSON text, kept until the next change. */
  text(record: ImageRecord): string;
  onChange(listener: ChangeListener): () => void;
}

interface Row {
  readonly record: ImageRecord;
  view?: ImageView;
  text?: string;
}

/** Empty at first; times come from the clock, in whole seconds as MariaDB keeps them. */
export function createImageTable(clock: FakeClock): ImageTable {
  const rows = new Map<string, Row>();
  const deleted = new Set<string>();
  const listeners = new Set<ChangeListener>();

  const report = (cause: string): void => {
    for (const listener of listeners) listener(cause);
  };
  const now = (): Date => new Date(Math.floor(clock.now().getTime() / 1000) * 1000);
  const viewOf = (row: Row): ImageView => (row.view ??= describe(row.record));

  return {
    add: (fields, cause = 'create') => {
      const created = fields.created_at ?? now();
      const record: ImageRecord = {...EMPTY, id: randomUUID(), updated_at: created, ...fields, created_at: created};
      record.tags = [...new Set(record.tags)];
      rows.set(record.id, {record});
      report(`${cause} ${record.id}`);
      return record;
    },
    find: (id) => rows.get(id)?.record,
    all: () => [...rows.values()].map((row) => row.record),
    change: (id, cause, edit) => {
      const row = rows.get(id);
      if (row === undefined) return undefined;
      edit(row.record);
      row.record.updated_at = now();
      rows.set(id, row);
      delete row.view;
      delete row.text;
      report(`${cause} ${id}`);
      return row.record;
    },
    remove: (id, cause) => {
      if (!rows.delete(id)) return;
      deleted.add(id);
      report(`${cause} ${id}`);
    },
    isTaken: (id) => rows.has(id) || deleted.has(id),
    view: (record) => {
      const row = rows.get(record.id);
      return row === undefined ? describe(record) : viewOf(row);
    },
    text: (record) => {
      const row = rows.get(record.id);
      if (row === undefined) return JSON.stringify(describe(record));
      return (row.text ??= JSON.stringify(viewOf(row)));
    },
    onChange: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
}

/** May this account see the image by its id? https://github.com/openstack/glance/blob/master/glance/db/utils.py */
export function isVisibleTo(record: ImageRecord, viewer: Pick<FakeAccount, 'projectId' | 'roles'>): boolean {
  if (viewer.roles.includes('admin') || record.owner === null || record.owner === viewer.projectId) return true;
  if (record.visibility === 'public' || record.visibility === 'community') return true;
  return record.visibility === 'shared' && viewer.projectId in record.members;
}

const EMPTY = {
  name: null,
  status: 'queued',
  visibility: 'shared',
  os_hidden: false,
  protected: false,
  owner: null,
  tags: [],
  min_disk: 0,
  min_ram: 0,
  disk_format: null,
  container_format: null,
  size: null,
  virtual_size: null,
  checksum: null,
  os_hash_algo: null,
  os_hash_value: null,
  stores: [],
  properties: {},
  members: {},
} satisfies Partial<ImageRecord>;

/** `_format_image` of https://github.com/openstack/glance/blob/master/glance/api/v2/images.py */
function describe(record: ImageRecord): ImageView {
  const {properties, stores, created_at, updated_at, tags, ...attributes} = record;
  return Object.freeze({
    ...properties,
    ...without<unknown>(attributes, 'members'),
    created_at: wholeSeconds(created_at),
    updated_at: wholeSeconds(updated_at),
    tags: Object.freeze([...tags]),
    self: `/v2/images/${record.id}`,
    file: `/v2/images/${record.id}/file`,
    schema: '/v2/schemas/image',
    ...(stores.length > 0 && {stores: stores.join(',')}),
  });
}
