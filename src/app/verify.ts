import {onlyEnabled} from '../core/definition/disabled.ts';
import type {Emit} from '../core/events.ts';
import type {Image} from '../core/image/image.ts';
import {ImgmgrError} from '../errors.ts';
import {interruptible} from '../workflow/interruptible.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import {verifyImages} from '../workflow/verification/verify-images.ts';
import {verifyPresence} from '../workflow/verification/verify-presence.ts';
import {verifyDeep} from '../workflow/verification/verify-deep.ts';
import type {LooseImage} from './local-file.ts';
import {isLocalFile, readLocalFile} from './local-file.ts';
import {observed} from './observed.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {BootSettings, CloudChoice, DefinitionChoice, RunSettings} from './requests.ts';
import {runOptions} from './run-options.ts';
import type {Selection} from './select.ts';
import {select, warnThatAllAreDisabled} from './select.ts';
import {prepareVerification} from './verification.ts';
import {orFailed} from './work-on-clouds.ts';

/** Say the verdicts on images that are there. */
export interface VerifyRequest extends CloudChoice {
  /** Ids, names, or local files; empty: the current images of the definitions. */
  readonly targets: readonly string[];
  readonly definitions: DefinitionChoice;
  readonly run: RunSettings;
  readonly boot: BootSettings;
  /** By cloud, what is different there. */
  readonly ofCloud?: ReadonlyMap<string, Pick<VerifyRequest, 'run' | 'boot'>>;
  /** Read and hash the bytes instead of booting. */
  readonly deep: boolean;
  /** Ask whether the bytes are there instead of booting. */
  readonly presence: boolean;
  /** How a local file of {@link targets} is described. */
  readonly looseImage: LooseImage;
}

/** Local files under QEMU on this host, everything else on the clouds that hold it. */
export async function* verify(request: VerifyRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  if (request.deep && request.presence)
    throw new ImgmgrError('USAGE', '--presence asks whether bytes are there, and --deep reads all of them', {
      hint: 'leave one of the two out: --deep finds what --presence finds',
    });
  const {files, others} = await sortTargets(request.targets, ports);
  refuseFilesElsewhere(files, others, request);
  const needsClouds = others.length > 0 || files.length === 0;
  const clouds = needsClouds ? ports.clouds(request) : [];
  const byDefinition = needsClouds && others.length === 0;
  const selection = await definitionsFor(request.definitions, ports, byDefinition);
  const {definitions: enabled, disabled} = onlyEnabled(selection.definitions, request.definitions.force);
  const {run} = ports;
  emit({
    type: 'started',
    command: 'verify',
    clouds: [...(files.length > 0 ? ['local'] : []), ...clouds.map(({name}) => name)],
    run,
    ...(byDefinition && enabled.length > 0 && disabled > 0 && {disabled}),
  });
  if (byDefinition && enabled.length === 0) warnThatAllAreDisabled(disabled, emit);
  const shared = {request, ports, emit, run};
  if (files.length > 0) yield await verifyFiles(shared, files);
  for (const cloud of clouds) {
    ports.signal.throwIfAborted();
    yield await onCloud({...shared, cloud, targets: others, loose: [], selection});
  }
}

async function sortTargets(
  targets: readonly string[],
  ports: Pick<AppPorts, 'files'>,
): Promise<{readonly files: readonly string[]; readonly others: readonly string[]}> {
  const files: string[] = [];
  const others: string[] = [];
  for (const target of targets) ((await isLocalFile(target, ports.files)) ? files : others).push(target);
  return {files, others};
}

function refuseFilesElsewhere(
  [file]: readonly string[],
  others: readonly string[],
  {clouds, deep, presence}: Pick<VerifyRequest, 'clouds' | 'deep' | 'presence'>,
): void {
  if (file === undefined) return;
  if (others.length === 0 && clouds.some((name) => name !== 'local'))
    throw new ImgmgrError(
      'USAGE',
      `${file} is a local file, which is verified on this host, not on ${clouds.join(', ')}`,
      {hint: 'leave --cloud out, or import the file there first'},
    );
  const flag = deep ? '--deep' : '--presence';
  if (deep || presence)
    throw new ImgmgrError('USAGE', `${flag} reads images of a cloud, and ${file} is a local file`, {
      hint: `leave the file or ${flag} out`,
    });
}

/** Where ids and names are given, definitions only add what they say about `verify`; then they need not be there. */
async function definitionsFor(
  choice: DefinitionChoice,
  ports: Pick<AppPorts, 'files'>,
  required: boolean,
): Promise<Chosen> {
  if (!required && choice.images.length === 0) return {definitions: []};
  return select(choice, ports);
}

type Chosen = Pick<Selection, 'definitions' | 'all'>;

interface Shared {
  readonly request: VerifyRequest;
  readonly ports: AppPorts;
  readonly emit: Emit;
  readonly run: string;
}

async function verifyFiles(shared: Shared, files: readonly string[]): Promise<CloudOutcome> {
  const {request, ports} = shared;
  const paths = new Map<string, string>();
  const loose: Image[] = [];
  for (const file of files) {
    const {path, image} = await readLocalFile(file, request.looseImage, ports);
    paths.set(image.id, path);
    loose.push(image);
  }
  return onCloud({...shared, cloud: ports.local(paths), targets: [], loose, selection: {definitions: []}});
}

interface OneCloud extends Shared {
  readonly cloud: OpenCloud;
  readonly targets: readonly string[];
  readonly loose: readonly Image[];
  readonly selection: Chosen;
}

async function onCloud({
  request,
  ports: host,
  emit,
  run,
  cloud,
  targets,
  loose,
  selection,
}: OneCloud): Promise<CloudOutcome> {
  const {signal, source, runtime, beginWriting, confirmDelete} = host;
  const parts = {...request, ...request.ofCloud?.get(cloud.name)};
  return orFailed({cloud, signal, emit}, async () => {
    const ports = interruptible(await cloud.open(), signal);
    const verifyRun = {
      run,
      ports,
      source,
      finder: host.finder(),
      definitions: selection.definitions,
      allNames: new Set<string>(),
      baseDir: host.cwd,
      adHoc: false,
      options: {...runOptions(parts), ...(confirmDelete && {confirmDelete})},
      runtime,
      signal,
      beginWriting,
      verification: await prepareVerification(parts.boot, request, host),
      targets,
      loose,
    };
    const work = (report: Emit): Promise<CloudOutcome> =>
      request.presence
        ? verifyPresence({...verifyRun, emit: report})
        : request.deep
          ? verifyDeep({
              ...{...verifyRun, emit: report},
              hashBytes: (bytes, algorithms, seen) => host.hashBytes(bytes, algorithms, seen),
            })
          : verifyImages({...verifyRun, emit: report});
    return observed({store: ports.store, by: {definitions: selection.all, profile: undefined}, work}, host, emit);
  });
}
