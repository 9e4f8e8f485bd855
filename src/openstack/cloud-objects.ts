import type {
  CloudObjects,
  ComputeObject,
  Intermediate,
  IntermediateRequest,
  ObjectFacts,
  ObjectLeftover,
} from '../ports/cloud-object.ts';
import {runOfIntermediate} from '../core/object-reference.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import {absentWhenUnknown, allowed} from './answers.ts';
import type {CinderApi} from './cinder/api.ts';
import type {GlanceApi} from './glance/api.ts';
import type {NeutronApi} from './neutron/api.ts';
import type {NovaApi} from './nova/api.ts';
import type {FoundObject, LookParts} from './objects/look.ts';
import {lookAtObject} from './objects/look.ts';
import type {Parts} from './objects/make.ts';
import {makeByWay} from './objects/make.ts';
import type {Session} from './session.ts';
import {withCleanup} from './test-servers/create-surely.ts';
import type {Pace} from './test-servers/pace.ts';
import type {RemovalParts} from './test-servers/remove.ts';
import {removeSnapshot, removeVolume} from './test-servers/remove.ts';
import {stampOfMetadata} from './test-servers/stamp-text.ts';

/** What objects are worked on with. */
export interface CloudObjectsParts {
  readonly session: Session;
  readonly glance: GlanceApi;
  readonly nova: NovaApi;
  readonly neutron: NeutronApi;
  readonly cinder: CinderApi;
  readonly pace: Pace;
  readonly patienceMs: number;
}

/** Volumes, snapshots and servers of Cinder and Nova, which those make images of. */
export class OpenStackObjects implements CloudObjects {
  readonly #parts: CloudObjectsParts;

  constructor(parts: CloudObjectsParts) {
    this.#parts = parts;
  }

  look(object: ComputeObject, {allowRunning}: {readonly allowRunning: boolean}): Promise<ObjectFacts> {
    return this.#look(object, allowRunning);
  }

  async makeImage(request: IntermediateRequest): Promise<Intermediate> {
    const {projectId} = await this.#parts.session.account();
    const {way} = await this.#look(request.object, request.allowRunning);
    const made: Parts = {};
    const remove = async (): Promise<void> => removeParts(this.#parts, made);
    try {
      const parts = {...this.#parts, projectId, cloud: this.#parts.session.cloud.name};
      const image = await makeByWay(parts, request, {way, made});
      return {image, remove};
    } catch (error) {
      throw await withCleanup(error, remove());
    }
  }

  async leftovers(): Promise<readonly ObjectLeftover[]> {
    const {session, glance, cinder} = this.#parts;
    const {projectId} = await session.account();
    const hasVolumes = await session.has('block-storage');
    const [images, volumes, snapshots] = await Promise.all([
      glance.list({owner: projectId}),
      hasVolumes ? allowed(cinder.volumes()) : [],
      hasVolumes ? allowed(cinder.snapshots()) : [],
    ]);
    return [
      ...images
        .filter(({owner}) => owner === projectId)
        .flatMap((image) => ofRun('image', {...image, metadata: image.properties})),
      ...(volumes ?? []).flatMap((volume) => ofRun('volume', volume)),
      ...(snapshots ?? []).flatMap((snapshot) => ofRun('volume-snapshot', snapshot)),
    ];
  }

  async removeLeftover({kind, id}: ObjectLeftover): Promise<void> {
    await removeParts(this.#parts, {[kind === 'volume-snapshot' ? 'snapshot' : kind]: id});
  }

  async #look(object: ComputeObject, allowRunning: boolean): Promise<FoundObject> {
    const {session, nova, cinder} = this.#parts;
    const parts: LookParts = {
      projectId: (await session.account()).projectId,
      nova,
      cinder,
      requireCinder: () => session.endpoint('block-storage'),
    };
    try {
      return await lookAtObject(object, parts, allowRunning);
    } catch (error) {
      if (!(error instanceof ImgmgrError) || error.code !== 'FORBIDDEN') throw error;
      throw new ImgmgrError('CONFIG', `this login may not look at ${object.kind} ${object.id}: ${error.message}`, {
        hint: 'imgmgr doctor --policy names the rules; use a login with the right',
        ...(error.place !== undefined && {place: error.place}),
        cause: error.cause,
      });
    }
  }
}

/** Nothing of a name that says no run is ours; volumes and snapshots carry a stamp as well. */
function ofRun(
  kind: ObjectLeftover['kind'],
  thing: {
    readonly id: string;
    readonly name?: string | null | undefined;
    readonly metadata: Readonly<Record<string, string>>;
  },
): ObjectLeftover[] {
  const name = thing.name ?? '';
  const run = runOfIntermediate(name);
  const stamp = stampOfMetadata(thing.metadata);
  if (run === undefined || (stamp ? stamp.run !== run : kind !== 'image')) return [];
  return [{kind, id: thing.id, name, run, ...(stamp && {stamp})}];
}

/** Image first, which ends an upload that still runs, then the volume, then the snapshot that it was made of; each is tried. Throws the first failure. */
async function removeParts(
  parts: RemovalParts & {readonly glance: GlanceApi},
  {image, volume, snapshot}: Parts,
): Promise<void> {
  const failures: unknown[] = [];
  const attempt = async (work: Promise<unknown>): Promise<void> => {
    await work.catch((error: unknown) => failures.push(error));
  };
  if (image !== undefined) await attempt(absentWhenUnknown(parts.glance.delete(image)));
  if (volume !== undefined) await attempt(removeVolume(parts, volume));
  if (snapshot !== undefined) await attempt(removeSnapshot(parts, snapshot));
  const [first] = failures;
  if (first === undefined) return;
  throw asImgmgrError(first);
}
