import type {Image, NewImage} from './image/image.ts';
import {MANAGED_TAG} from './image/stamp.ts';

/** How long a lease lives without a heartbeat. */
export const LEASE_MS = 60_000;

/** Who holds a lease: enough for a run on the same host to see whether it still lives. */
export interface Holder {
  readonly run: string;
  readonly hostName: string;
  readonly bootId: string;
  readonly pid: number;
  readonly startTime: string;
}

/** The lock of a run, kept as a queued record without data: the definitions it works on, and those it waits for. */
export interface Lease {
  readonly image: Image;
  readonly holder: Holder;
  readonly held: ReadonlySet<string>;
  readonly waiting: ReadonlySet<string>;
  /** Milliseconds since the epoch, by the server's clock; 0 when unreadable, which counts as over. */
  readonly expiresMs: number;
}

/** Names longer than this in all would not fit into one Glance property; then the lease stands for every definition. */
const LONGEST = 60_000;
const EVERYTHING = '*';

/** The record to create. */
export function newLease(input: {
  readonly id: string;
  readonly holder: Holder;
  readonly definitions: readonly string[];
  readonly now: Date;
}): NewImage {
  const {id, holder, definitions, now} = input;
  return {
    id,
    name: `imgmgr lease ${holder.hostName} ${holder.pid}`,
    osHidden: true,
    tags: [MANAGED_TAG],
    properties: {
      imgmgr_definition: definitions.length === 1 ? (definitions[0] ?? '') : `${definitions.length} definitions`,
      imgmgr_version: '-',
      imgmgr_state: 'lease',
      imgmgr_run: holder.run,
      imgmgr_host: holder.hostName,
      imgmgr_boot_id: holder.bootId,
      imgmgr_pid: String(holder.pid),
      imgmgr_start_time: holder.startTime,
      imgmgr_held: formatNames(definitions),
      imgmgr_waiting: formatNames([]),
      ...expiry(now),
    },
  };
}

/** The heartbeat: the end of life, moved on. */
export function expiry(now: Date): {imgmgr_expires: string} {
  return {imgmgr_expires: new Date(now.getTime() + LEASE_MS).toISOString()};
}

/** The two lists of definitions, as properties. */
export function claims(held: Iterable<string>, waiting: Iterable<string>): Record<string, string> {
  return {imgmgr_held: formatNames([...held]), imgmgr_waiting: formatNames([...waiting])};
}

/** All leases among the images of a project. */
export function readLeases(images: readonly Image[], projectId: string): Lease[] {
  return images.flatMap((image) => {
    const {properties} = image;
    if (image.owner !== projectId || properties['imgmgr_state'] !== 'lease') return [];
    const expires = Date.parse(properties['imgmgr_expires'] ?? '');
    return [
      {
        image,
        holder: {
          run: properties['imgmgr_run'] ?? '',
          hostName: properties['imgmgr_host'] ?? '',
          bootId: properties['imgmgr_boot_id'] ?? '',
          pid: Number(properties['imgmgr_pid'] ?? 0),
          startTime: properties['imgmgr_start_time'] ?? '',
        },
        held: parseNames(properties['imgmgr_held']),
        waiting: parseNames(properties['imgmgr_waiting']),
        expiresMs: Number.isNaN(expires) ? 0 : expires,
      },
    ];
  });
}

/** True when the lease holds this definition. */
export function holds(lease: Lease, definition: string): boolean {
  return lease.held.has(definition) || lease.held.has(EVERYTHING);
}

/** True when the other lease stands before ours among those that wait for a definition: the older, then the lower id. */
export function waitsBefore(other: Lease, ours: Image, definition: string): boolean {
  if (!other.waiting.has(definition) && !other.waiting.has(EVERYTHING)) return false;
  return (
    other.image.createdAt < ours.createdAt || (other.image.createdAt === ours.createdAt && other.image.id < ours.id)
  );
}

function formatNames(names: readonly string[]): string {
  const text = [...names].sort().join('\n');
  return text.length > LONGEST ? EVERYTHING : text;
}

function parseNames(text: string | undefined): Set<string> {
  return new Set((text ?? '').split('\n').filter((name) => name !== ''));
}
