import type {Image, ImagePatch} from './image.ts';
import {propertyChanges} from './record.ts';

/**
 * Leaves out what is already so; an empty patch has no keys. What is left brings the properties of an image of ours to the format that
 * this version writes.
 */
export function compact(live: Image, patch: ImagePatch): ImagePatch {
  const fields = changedFields(live, patch);
  const {set, remove} = propertyChanges(live, patch, Object.keys(fields).length > 0);
  return {
    ...fields,
    ...(Object.keys(set).length > 0 && {set}),
    ...(remove.length > 0 && {remove}),
  };
}

function changedFields(live: Image, patch: ImagePatch): ImagePatch {
  return {
    ...(patch.name !== undefined && patch.name !== live.name && {name: patch.name}),
    ...(patch.visibility !== undefined && patch.visibility !== live.visibility && {visibility: patch.visibility}),
    ...(patch.osHidden !== undefined && patch.osHidden !== live.osHidden && {osHidden: patch.osHidden}),
    ...(patch.protected !== undefined && patch.protected !== live.protected && {protected: patch.protected}),
    ...(patch.minDisk !== undefined && patch.minDisk !== live.minDisk && {minDisk: patch.minDisk}),
    ...(patch.minRam !== undefined && patch.minRam !== live.minRam && {minRam: patch.minRam}),
    ...(patch.tags !== undefined && !sameSet(patch.tags, live.tags) && {tags: patch.tags}),
  };
}

/** True when the patch changes nothing. */
export function isEmptyPatch(patch: ImagePatch): boolean {
  return Object.keys(patch).length === 0;
}

/** The image as it will be after the patch, for planning ahead. */
export function applyPatch(live: Image, patch: ImagePatch): Image {
  const properties: Record<string, string> = {...live.properties, ...patch.set};
  const removed = new Set(patch.remove);
  return {
    ...live,
    name: patch.name ?? live.name,
    visibility: patch.visibility ?? live.visibility,
    osHidden: patch.osHidden ?? live.osHidden,
    protected: patch.protected ?? live.protected,
    diskFormat: patch.diskFormat ?? live.diskFormat,
    minDisk: patch.minDisk ?? live.minDisk,
    minRam: patch.minRam ?? live.minRam,
    tags: patch.tags ?? live.tags,
    properties: Object.fromEntries(Object.entries(properties).filter(([key]) => !removed.has(key))),
  };
}

/** `key: old → new`, one line per change; the stamp's own keys are left out. */
export function describePatch(live: Image, patch: ImagePatch): string[] {
  const lines: string[] = [];
  const say = (key: string, from: Shown, to: Shown): unknown => lines.push(`${key}: ${show(from)} → ${show(to)}`);
  if (patch.name !== undefined) say('name', live.name, patch.name);
  if (patch.visibility !== undefined) say('visibility', live.visibility, patch.visibility);
  if (patch.osHidden !== undefined) say('os_hidden', live.osHidden, patch.osHidden);
  if (patch.protected !== undefined) say('protected', live.protected, patch.protected);
  if (patch.minDisk !== undefined) say('min_disk', live.minDisk, patch.minDisk);
  if (patch.minRam !== undefined) say('min_ram', live.minRam, patch.minRam);
  if (patch.tags !== undefined) say('tags', [...live.tags].sort().join(','), patch.tags.join(','));
  for (const [key, value] of Object.entries(patch.set ?? {}))
    if (!key.startsWith('imgmgr_')) say(key, live.properties[key], value);
  for (const key of patch.remove ?? []) if (!key.startsWith('imgmgr_')) say(key, live.properties[key], undefined);
  return lines;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const other = new Set(b);
  return a.length === b.length && a.every((item) => other.has(item));
}

type Shown = string | number | boolean | null | undefined;

function show(value: Shown): string {
  return value === undefined || value === null || value === '' ? '(none)' : String(value);
}
