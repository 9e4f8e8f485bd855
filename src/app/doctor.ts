import {countsOf} from '../core/counts.ts';
import {onlyEnabled} from '../core/definition/disabled.ts';
import type {Definition} from '../core/definition/definition.ts';
import type {Diagnosis, Health} from '../core/doctor.ts';
import {doubtful, failure, well} from '../core/doctor.ts';
import type {Emit} from '../core/events.ts';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import type {Check} from '../ports/doctor.ts';
import type {CloudNeeds} from '../workflow/doctor/cloud-checks.ts';
import {cloudChecks, loginCheck} from '../workflow/doctor/cloud-checks.ts';
import {runCheck, runChecks} from '../workflow/doctor/run-checks.ts';
import type {CheckLimits} from '../workflow/doctor/run-checks.ts';
import type {CloudOutcome, CloudPorts} from '../workflow/types.ts';
import type {AppPorts, OpenCloud} from './ports.ts';
import type {BootSettings, CloudChoice, DefinitionChoice} from './requests.ts';

/** What of test boots `doctor` looks at. */
export type DoctorBoot = Pick<BootSettings, 'cloud' | 'flavor' | 'network' | 'root' | 'listen' | 'advertise'>;

/** Look whether this host and the clouds can do what imgmgr needs. */
export interface DoctorRequest extends CloudChoice {
  readonly definitions: Pick<DefinitionChoice, 'images'>;
  readonly boot: DoctorBoot;
  /** By cloud, what is different there. */
  readonly ofCloud?: ReadonlyMap<string, {readonly boot: DoctorBoot}>;
  /** The settings files that were read, or why they could not be. */
  readonly settings: readonly string[] | ImgmgrError;
}

/** No check may take longer. */
const LIMIT_MS = 30_000;

/** Looks at this host and, side by side, at the clouds; makes nothing. Emits each check, and outcomes with the errors of those that failed. */
export async function* doctor(request: DoctorRequest, ports: AppPorts, emit: Emit): AsyncGenerator<CloudOutcome> {
  const {clouds, unclear} = chosenClouds(request, ports);
  emit({type: 'started', command: 'doctor', clouds: clouds.map(({name}) => name), run: ports.run});
  const limits = {runtime: ports.runtime, signal: ports.signal, limitMs: LIMIT_MS};
  const reading = ports.files.definitions(request.definitions.images);
  reading.catch(() => undefined);
  const looks = clouds.map((cloud) => lookAt(cloud, {request, ports, limits, reading}));
  for (const look of looks) look.catch(() => undefined);
  const totals: Record<Health, number> = {ok: 0, warn: 0, fail: 0, untried: 0};
  const say = (check: string, found: Diagnosis, cloud?: string): void => {
    totals[found.health] += 1;
    emit({type: 'check', check, ...(cloud !== undefined && {cloud}), ...found});
  };
  const own: Diagnosis[] = [];
  const host = [
    {id: 'settings', look: () => Promise.resolve(settingsOf(request.settings))},
    {id: 'definitions', look: async () => definitionsOf(await reading)},
    ...(await ports.hostChecks()),
    ...(unclear ? [{id: 'clouds', look: () => Promise.resolve(unclear)}] : []),
  ];
  for await (const {id, found} of runChecks(host, limits)) {
    own.push(found);
    say(id, found);
  }
  yield outcomeOf('', own);
  for (const [at, cloud] of clouds.entries()) {
    const looked = (await looks[at]) ?? [];
    for (const {id, found} of looked) say(id, found, cloud.name);
    yield outcomeOf(
      cloud.name,
      looked.map(({found}) => found),
    );
  }
  emit({type: 'checked', ...totals});
}

/** A host without a cloud, or with several of which none is named, is looked at all the same. */
function chosenClouds(
  request: DoctorRequest,
  ports: Pick<AppPorts, 'clouds'>,
): {readonly clouds: readonly OpenCloud[]; readonly unclear?: Diagnosis} {
  try {
    return {clouds: ports.clouds(request)};
  } catch (error) {
    const {lacks, message, hint} = asImgmgrError(error);
    if (lacks !== 'cloud') return {clouds: [], unclear: failure(error)};
    return {
      clouds: [],
      unclear: doubtful(message, {reason: 'no cloud was looked at', ...(hint !== undefined && {remedy: hint})}),
    };
  }
}

interface Look {
  readonly request: DoctorRequest;
  readonly ports: AppPorts;
  readonly limits: CheckLimits;
  readonly reading: Promise<readonly Definition[]>;
}

type Looked = readonly {readonly id: string; readonly found: Diagnosis}[];

/** Where the login fails, nothing else is asked. */
async function lookAt(cloud: OpenCloud, {request, ports, limits, reading}: Look): Promise<Looked> {
  let opened: CloudPorts | undefined;
  const login: Check = {
    id: 'login',
    look: async () => {
      opened = await cloud.open();
      return loginCheck(opened).look();
    },
  };
  const first = {id: login.id, found: await runCheck(login, limits)};
  if (first.found.health === 'fail' || !opened) return [first];
  const {cloud: other, ...boot} = request.ofCloud?.get(cloud.name)?.boot ?? request.boot;
  const found = [first];
  let elsewhere: CloudPorts | undefined;
  if (other !== undefined) {
    const second: Check = {
      id: 'verify-cloud',
      look: async () => {
        const {region} = request;
        const choice = {clouds: [other], ...(region !== undefined && {region})};
        elsewhere = await ports.clouds(choice, '--verify-cloud')[0]?.open();
        return elsewhere ? loginCheck(elsewhere).look() : failure(new ImgmgrError('CONFIG', `there is no ${other}`));
      },
    };
    found.push({id: second.id, found: await runCheck(second, limits)});
  }
  const {openDesk, probePort} = await ports.verification();
  const definitions = await reading.catch(() => undefined);
  const needs = {...demandsOf(definitions), boot, openDesk, probePort, ...(elsewhere && {elsewhere})};
  for await (const one of runChecks(cloudChecks(opened, needs), limits)) found.push(one);
  return found;
}

function demandsOf(
  definitions: readonly Definition[] | undefined,
): Pick<CloudNeeds, 'visibilities' | 'minDiskGib' | 'minRamMib'> {
  if (!definitions) return {minDiskGib: 0, minRamMib: 0};
  const enabled = onlyEnabled(definitions, false).definitions;
  return {
    visibilities: new Set(enabled.map(({visibility}) => visibility)),
    minDiskGib: Math.max(0, ...enabled.map(({minDiskGib}) => minDiskGib)),
    minRamMib: Math.max(0, ...enabled.map(({minRamMib}) => minRamMib)),
  };
}

function settingsOf(settings: DoctorRequest['settings']): Diagnosis {
  if (settings instanceof ImgmgrError) return failure(settings);
  return settings.length === 0
    ? well('there is no settings file')
    : well(`settings are read from ${settings.join(', ')}`);
}

function definitionsOf(definitions: readonly Definition[]): Diagnosis {
  const {disabled} = onlyEnabled(definitions, false);
  return well(`definitions read: ${definitions.length}, of them disabled: ${disabled}`);
}

function outcomeOf(cloud: string, found: readonly Diagnosis[]): CloudOutcome {
  const errors = found.flatMap(({code, fact, place, remedy}) =>
    code === undefined
      ? []
      : [
          new ImgmgrError(code, fact, {
            ...(place !== undefined && {place}),
            ...(remedy !== undefined && {hint: remedy}),
          }),
        ],
  );
  return {cloud, counts: countsOf({}), errors, changesPending: false};
}
