import type {Emit} from '../core/events.ts';
import {limitsOf} from '../core/limits.ts';
import {ImgmgrError} from '../errors.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {CloudRequest} from './cloud-work.ts';
import {cloudWork} from './cloud-work.ts';
import type {AppPorts} from './ports.ts';
import type {AdHocImage} from './ad-hoc-image.ts';
import {toDefinition} from './ad-hoc-image.ts';
import {locateObject, objectOf} from './object-image.ts';
import type {AcquireSettings, CloudChoice, RunSettings, TestSettings} from './requests.ts';
import {withOptions, workOnClouds} from './work-on-clouds.ts';

/** Bring one image into the clouds that no file defines. */
export interface ImportImageRequest extends CloudChoice, Pick<CloudRequest, 'ofCloud'> {
  readonly image: AdHocImage;
  readonly run: RunSettings;
  /** Only say what would be done. */
  readonly dryRun: boolean;
  readonly acquire: AcquireSettings;
  readonly tests: TestSettings;
}

/** Imports the image as the newest version of a definition of its own. USAGE where stdin would have to be read twice. */
export async function* importImage(
  request: ImportImageRequest,
  ports: AppPorts,
  emit: Emit,
): AsyncGenerator<CloudOutcome> {
  const {image} = request;
  const {cwd, files} = ports;
  const object = objectOf(image);
  const chosen = ports.clouds(request);
  const seen =
    object &&
    (await locateObject(image, object, {...ports, targets: chosen, limits: limitsOf(request.acquire.limits)}));
  const clouds = seen?.targets ?? chosen;
  const definition = await toDefinition(image, {
    ...{cwd, now: ports.now(), modified: (path) => files.modified(path)},
    ...(seen && {object: seen.located}),
  });
  if (clouds.length > 1 && image.address === '-')
    throw new ImgmgrError('USAGE', `stdin can be read once, but ${clouds.length} clouds are named`, {
      hint: 'name one cloud, or save the image to a file first',
    });
  const selection = {definitions: [definition], allNames: new Set([definition.name])};
  const work = cloudWork(request, {command: 'import'}, {selection, clouds});
  yield* workOnClouds(withOptions({...work, adHoc: true}, {allowRunning: image.allowRunning}), ports, emit);
}
