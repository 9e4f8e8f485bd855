import {setTimeout as sleep} from 'node:timers/promises';
import type {FakeClock} from '../clock.ts';
import {Refusal} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import type {Misbehaviours} from '../misbehaviour.ts';
import type {Payload} from './bytes.ts';
import {isVisibleTo} from './image-table.ts';
import type {ImageRecord, ImageTable} from './image-table.ts';

/** What can be chosen about a fake Glance. */
export interface GlanceOptions {
  /** Which of the two releases is imitated, where they differ: `latest` refuses bytes of another format (415). */
  readonly release?: 'debian' | 'latest';
  /** Ids of the stores, the default one first. */
  readonly stores?: readonly string[];
  /** False: Glance without multi-store (no `stores`, 404 for info/stores). */
  readonly multiStore?: boolean;
  readonly importMethods?: readonly string[];
  /** How long each stage of an import takes; the fake waits in real time. */
  readonly importDelayMs?: number;
  /** Ports that web-download may fetch from; all of them when left out. */
  readonly sourcePorts?: readonly number[];
  readonly quota?: {readonly images?: number; readonly mebibytes?: number; readonly properties?: number};
  /** Payloads up to this many bytes are kept for `GET file`; 64 MiB by default. */
  readonly keepBytes?: number;
}

/** One import, as `GET /v2/images/{id}/tasks` tells it. */
export interface ImportTask {
  readonly id: string;
  readonly image_id: string;
  readonly owner: string;
  readonly user_id: string;
  readonly request_id: string;
  readonly input: unknown;
  readonly created_at: Date;
  updated_at: Date;
  status: 'pending' | 'processing' | 'success' | 'failure';
  message: string;
}

/** All that the parts of a fake Glance share. */
export interface GlanceContext {
  readonly options: Required<Omit<GlanceOptions, 'sourcePorts' | 'quota'>> &
    Pick<GlanceOptions, 'sourcePorts' | 'quota'>;
  readonly clock: FakeClock;
  readonly table: ImageTable;
  readonly tasks: ImportTask[];
  readonly payloads: Map<string, Payload>;
  readonly staged: Map<string, Payload>;
  readonly misbehaviours: Misbehaviours;
  readonly revokeToken: (token: string) => void;
  /** Aborted when the cloud closes: ends downloads and waiting imports. */
  readonly closing: AbortSignal;
  /** Done at once unless a test holds imports (`FakeCloud.holdImports`). */
  readonly importsMayGoOn: () => Promise<unknown>;
}

/** Waits as long as one stage of an import takes; rejects when the cloud closes meanwhile. */
export async function importStage({options, closing, importsMayGoOn}: GlanceContext): Promise<void> {
  await sleep(options.importDelayMs, undefined, {signal: closing});
  await importsMayGoOn();
  closing.throwIfAborted();
}

/** The image when the caller may see it, else 404. */
export function visibleImage(context: GlanceContext, id: string, caller: FakeAccount): ImageRecord {
  const record = context.table.find(id);
  if (record === undefined || !isVisibleTo(record, caller)) throw new Refusal(404, `No image found with ID ${id}`);
  return record;
}

/** The image when the caller may change it: 404 when unseen, 403 when it is another project's. */
export function ownImage(context: GlanceContext, id: string, caller: FakeAccount): ImageRecord {
  const record = visibleImage(context, id, caller);
  if (record.owner !== caller.projectId && !caller.roles.includes('admin')) {
    throw new Refusal(403, 'You are not authorized to complete modify_image action.');
  }
  return record;
}

/** Refuses with 413 what goes beyond the quota. */
export function checkQuota(context: GlanceContext, caller: FakeAccount, what: 'images' | 'mebibytes'): void {
  const limit = context.options.quota?.[what];
  if (limit !== undefined && usedOf(context, caller.projectId, what) >= limit) {
    const resource = what === 'images' ? 'image_count_total' : 'image_size_total';
    throw new Refusal(
      413,
      `Project ${caller.projectId} is over a limit for [Resource ${resource} is over limit of ${limit}]`,
    );
  }
}

/** Refuses with 413 more properties than `image_property_quota` allows, in the words of glance/common/exception.py. */
export function checkProperties(context: GlanceContext, properties: object): void {
  const limit = context.options.quota?.properties;
  const attempted = Object.keys(properties).length;
  if (limit !== undefined && attempted > limit)
    throw new Refusal(
      413,
      `The limit has been exceeded on the number of allowed image properties. Attempted: ${attempted}, Maximum: ${limit}`,
    );
}

/** How much of the quota a project uses. */
export function usedOf(context: GlanceContext, projectId: string, what: 'images' | 'mebibytes'): number {
  const own = context.table.all().filter((record) => record.owner === projectId);
  if (what === 'images') return own.length;
  const bytes = own.reduce((sum, record) => sum + (record.size ?? 0) * Math.max(1, record.stores.length), 0);
  return Math.floor(bytes / 2 ** 20);
}

/** Puts bytes into the record: the fields that Glance sets when data has arrived. */
export function setData(record: ImageRecord, payload: Payload, stores: readonly string[]): void {
  Object.assign(record, dataFields(record.disk_format, payload), {stores});
}

/** What Glance tells about bytes that are an image of this format. */
export function dataFields(diskFormat: string | null, payload: Payload): Partial<ImageRecord> {
  return {
    size: payload.size,
    checksum: payload.md5,
    os_hash_algo: 'sha512',
    os_hash_value: payload.sha512,
    virtual_size: virtualSize(diskFormat, payload),
  };
}

/** Takes the bytes out again: what a failed upload or import leaves. */
export function clearData(record: ImageRecord): void {
  record.status = 'queued';
  record.size = null;
  record.virtual_size = null;
  record.checksum = null;
  record.os_hash_algo = null;
  record.os_hash_value = null;
  record.stores = [];
}

/** True when the newest release would refuse these bytes (`InvalidImageData` in glance/location.py). */
export function isRefusedFormat(context: GlanceContext, record: ImageRecord, payload: Payload): boolean {
  const {release} = context.options;
  return release === 'latest' && record.disk_format === 'qcow2' && payload.format !== 'qcow2';
}

function virtualSize(diskFormat: string | null, payload: Payload): number | null {
  if (diskFormat === 'raw') return payload.size;
  return payload.format === diskFormat ? payload.virtualSize : null;
}
