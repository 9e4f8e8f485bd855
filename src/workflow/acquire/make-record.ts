import {candidate} from '../../core/image/form.ts';
import type {Image, NewImage} from '../../core/image/image.ts';
import {describeNew} from '../../core/image/record.ts';
import {demandedId} from '../../core/release/release.ts';
import {notRemoved} from '../../core/warnings.ts';
import {ImgmgrError, asImgmgrError} from '../../errors.ts';
import type {AcquireContext, AcquireTask, Preparation} from './types.ts';
import {createSurely} from '../sure-writes.ts';

/** Creates the record of a candidate, private and fully described; `pending` where nobody waits for its bytes. */
export async function makeRecord(
  context: AcquireContext,
  what: Pick<Preparation, 'task' | 'probe' | 'staging'> & {readonly pending: boolean},
): Promise<Image> {
  const {task, probe, staging, pending} = what;
  const form = {...task, oldPurpose: context.options.policy.oldPurpose, adHoc: context.adHoc};
  const conversion = staging?.conversion;
  const spec = {...candidate(form, context.run, probe.virtualSize), ...(conversion && {diskFormat: conversion.to})};
  const changed = conversion ? 'converted' : probe.compressed ? 'unpacked' : undefined;
  const id = task.reuse?.id ?? spec.id ?? context.runtime.uuid();
  const properties = describeNew(id, {
    ...spec.properties,
    ...(pending && {imgmgr_state: 'pending'}),
    ...(changed !== undefined && {imgmgr_bytes: changed}),
  });
  if (task.reuse) return reuseRecord(context, task.reuse, {...spec, properties});
  return createSurely(context.store, {...spec, properties, id});
}

/** A record with the demanded id that an earlier run left empty: it gets this run's description, and is waited for. */
async function reuseRecord(context: AcquireContext, left: Image, spec: NewImage): Promise<Image> {
  const {store, runtime, signal} = context;
  for (let tries = 0; ; tries++) {
    const live = await store.get(left.id);
    if (!live) return createSurely(store, {...spec, id: left.id});
    if (live.status === 'queued')
      return store.update(live, {
        name: spec.name,
        osHidden: true,
        tags: spec.tags,
        set: spec.properties,
        // An earlier run may have meant to convert, and this one not, or the other way round.
        ...(spec.diskFormat !== undefined && spec.diskFormat !== live.diskFormat && {diskFormat: spec.diskFormat}),
        ...(spec.minDisk !== undefined && {minDisk: spec.minDisk}),
        ...(spec.minRam !== undefined && {minRam: spec.minRam}),
      });
    if (tries === 30)
      throw new ImgmgrError('CONFLICT', `image ${left.id} is ${live.status} and does not become free`, {
        hint: 'the cloud is still working on it; run again later',
      });
    await runtime.sleep(1000, signal);
  }
}

/** Removes what a failed attempt left; a record with a demanded id stays, because Glance never hands the id out again. */
export async function discardImage(
  context: AcquireContext,
  {release, definition}: AcquireTask,
  id: string,
): Promise<void> {
  if (demandedId(release) === id) return;
  try {
    await context.store.delete(id);
  } catch (error) {
    context.emit({
      type: 'warning',
      cloud: context.store.cloud,
      definition: definition.name,
      image: id,
      ...notRemoved({
        what: `the half-made image ${id}`,
        reason: asImgmgrError(error).message,
        hint: 'it is private and hidden; the next run removes it',
      }),
    });
  }
}
