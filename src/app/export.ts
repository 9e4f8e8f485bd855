import {resolve} from 'node:path';
import {countsOf} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import {isOciUrl} from '../core/oci-reference.ts';
import {ImgmgrError} from '../errors.ts';
import type {OpenTarget} from '../ports/image-target.ts';
import type {ImageChoice} from '../workflow/export/choose-image.ts';
import {chooseImage} from '../workflow/export/choose-image.ts';
import {exportImage} from '../workflow/export/export-image.ts';
import {interruptible} from '../workflow/interruptible.ts';
import {logInTo} from '../workflow/log-in.ts';
import {outcomeOf} from '../workflow/run/outcome-of.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {CloudChoice} from './requests.ts';
import {orFailed} from './work-on-clouds.ts';

/** Write the bytes of one image to a place outside of its cloud. */
export interface ExportRequest extends CloudChoice {
  readonly image: ImageChoice;
  /** A path, relative ones from where the operator works, or `oci://registry/repository[:tag]`. */
  readonly to: string;
  /** Replace an existing file. */
  readonly force: boolean;
}

/** Emits where it is when it is there, whole. USAGE for several clouds, and for a place that cannot be written. */
export async function* exportImages(request: ExportRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {run, cwd, signal} = ports;
  const {to, force} = request;
  const [cloud, ...others] = ports.clouds(request);
  if (!cloud || others.length > 0)
    throw new ImgmgrError('USAGE', `one image is exported, but ${others.length + 1} clouds are named`, {
      hint: 'name one cloud',
    });
  emit({type: 'started', command: 'export', clouds: [cloud.name], run});
  const targets = await ports.targets();
  try {
    // Before the cloud is asked: a wrong path is said at once.
    const target = await targets.open({address: isOciUrl(to) ? to : resolve(cwd, to), force, signal});
    yield await orFailed({cloud, signal, emit}, () => onCloud(request, {cloud, target, ports, emit}));
  } finally {
    await targets.close();
  }
}

interface OneCloud {
  readonly cloud: OpenCloud;
  readonly target: OpenTarget;
  readonly ports: AppPorts;
  readonly emit: Emit;
}

async function onCloud(request: ExportRequest, {cloud, target, ports, emit}: OneCloud): Promise<CloudOutcome> {
  const {signal, runtime} = ports;
  const cloudPorts = interruptible(await cloud.open(), signal);
  const {store} = cloudPorts;
  return outcomeOf(
    {ports: cloudPorts, signal, emit},
    {
      async work(result) {
        const {projectId} = await logInTo(store, emit);
        const image = await chooseImage(request.image, {store, projectId});
        // What was begun outside of the cloud is to be removed when the run is interrupted.
        const endWriting = ports.beginWriting();
        try {
          emit(await exportImage(image, {store, target, runtime, emit, signal}));
        } finally {
          endWriting();
        }
        result.imageCounts.add(countsOf({}));
      },
    },
  );
}
