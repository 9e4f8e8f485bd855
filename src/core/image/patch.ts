import type {FieldChange, FieldValue, Image, ImagePatch} from './image.ts';
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

/** What a patch changes, in two forms: `field: old → new` as text, and typed. The stamp's own keys are left out. */
export interface Changes {
  readonly changes: readonly string[];
  readonly fieldChanges: readonly FieldChange[];
}

/** What the patch changes about the image; to be a part of the summary of an action. */
export function changesOf(live: Image, patch: ImagePatch): Changes {
  return saidTwice([...fixedFields(live, patch), ...propertyFields(live, patch)]);
}

/** Typed changes with their text. */
export function saidTwice(fieldChanges: readonly FieldChange[]): Changes {
  return {changes: fieldChanges.map(changeText), fieldChanges};
}

function fixedFields(live: Image, patch: ImagePatch): readonly FieldChange[] {
  const fields: readonly (readonly [string, FieldValue, FieldValue | undefined])[] = [
    ['name', live.name, patch.name],
    ['visibility', live.visibility, patch.visibility],
    ['os_hidden', live.osHidden, patch.osHidden],
    ['protected', live.protected, patch.protected],
    ['min_disk', live.minDisk, patch.minDisk],
    ['min_ram', live.minRam, patch.minRam],
    ['tags', [...live.tags].sort(), patch.tags && [...patch.tags].sort()],
  ];
  return fields.flatMap(([field, from, to]) => (to === undefined ? [] : [{field, from, to}]));
}

function propertyFields({properties}: Image, {set = {}, remove = []}: ImagePatch): readonly FieldChange[] {
  const before = (key: string): string | null => (Object.hasOwn(properties, key) ? (properties[key] ?? null) : null);
  return [
    ...Object.entries(set).map(([field, to]) => ({field, from: before(field), to})),
    ...remove.map((field) => ({field, from: before(field), to: null})),
  ].filter(({field}) => !field.startsWith('imgmgr_'));
}

function changeText({field, from, to}: FieldChange): string {
  return `${field}: ${show(from)} → ${show(to)}`;
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  const other = new Set(b);
  return a.length === b.length && a.every((item) => other.has(item));
}

function show(value: FieldValue): string {
  return value === null || value === '' ? '(none)' : String(value);
}
