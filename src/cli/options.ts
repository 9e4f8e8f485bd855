import type {HideRequest} from '../app/hide.ts';
import type {
  AcquireSettings,
  BootSettings,
  BuildSettings,
  CloudChoice,
  DefinitionChoice,
  DeletionSettings,
  RetireSettings,
  RunSettings,
  TestSettings,
} from '../app/requests.ts';
import type {ProfileChoice} from '../app/audit-profile.ts';
import {DEFAULT_IMPORT_TIMEOUT_MS} from '../app/run-options.ts';
import type {SizeLimits} from '../core/limits.ts';
import {DEFAULT_POLICY} from '../core/policy.ts';
import {PROFILE_NAMES} from '../core/rules/rule-text.ts';
import {ImgmgrError} from '../errors.ts';
import {PLAN_HINT, refuseContradictions} from './contradictions.ts';
import type {Flags} from './flags.ts';
import type {CommandName, Invocation, OutputChoice, Verbosity} from './invocation.ts';

/** How many images are worked on at once when nothing is said. */
export const DEFAULT_JOBS = 6;
/** From the order of a test server to its report. */
export const DEFAULT_DEADLINE_MS = 600_000;

/** What every invocation has besides its request. USAGE when flags contradict each other, or the form does not fit the command. */
export function toInvocation(command: CommandName, flags: Flags): Omit<Invocation<unknown>, 'request' | 'load'> {
  refuseContradictions(flags);
  if (flags.format === 'sarif' && !FINDS_PLACES.has(command))
    throw new ImgmgrError('USAGE', `${command} has no --format sarif`, {hint: 'only validate finds places in files'});
  if (flags.format === 'junit' && HAS_NO_CASES.has(command))
    throw new ImgmgrError('USAGE', `${command} has no --format junit`, {hint: 'its forms are human and json'});
  const dryRun = command === 'dry-run' || flags.dryRun === true;
  if (flags.out !== undefined && !dryRun)
    throw new ImgmgrError('USAGE', `--out makes a plan, and ${command} carries one out`, {hint: PLAN_HINT});
  return {
    command: dryRun ? 'dry-run' : command,
    output: toOutput(flags),
    report: {dryRun},
    allowPrivateSources: flags.allowPrivateSources ?? false,
    readsStdin: false,
    ...(flags.settings?.images && {images: flags.settings.images}),
    ...(!dryRun && WRITES.has(command) && {history: {keepMs: flags.keepHistory ?? DEFAULT_KEEP_HISTORY_MS}}),
    ...(!dryRun && toWebhook(flags)),
    ...(!dryRun && flags.metricsDir !== undefined && {metrics: {folder: flags.metricsDir, ...toClouds(flags)}}),
  };
}

function toWebhook({webhook: url, webhookSecretFile: secretFile}: Flags): Pick<Invocation<unknown>, 'webhook'> {
  return url === undefined ? {} : {webhook: {url, ...(secretFile !== undefined && {secretFile})}};
}

/** How long the history of this host keeps a run. */
export const DEFAULT_KEEP_HISTORY_MS = 400 * 86_400_000;

/** Commands that may write to a cloud, or start a build or a guest. */
export const WRITING_COMMANDS = [
  'manage',
  'build',
  'import',
  'verify',
  'hide',
  'delete',
  'hold',
  'unhold',
  'rollback',
] as const;
const WRITES: ReadonlySet<CommandName> = new Set(WRITING_COMMANDS);

/** Commands whose answer is places in files, as SARIF reports them. */
const FINDS_PLACES: ReadonlySet<CommandName> = new Set(['validate']);

/** Commands whose answer can neither pass nor fail. */
const HAS_NO_CASES: ReadonlySet<CommandName> = new Set([
  'show',
  'history',
  'hold',
  'unhold',
  'doctor',
  'inspect',
  'export',
]);

/** The part of a request that says which clouds. */
export function toClouds({cloud, region}: Flags): CloudChoice {
  return {clouds: [...new Set(cloud)], ...(region !== undefined && {region})};
}

/** The parts of a request that settings files change for single clouds. */
export function toEachCloud<Parts>(
  {settings}: Flags,
  toParts: (flags: Flags) => Parts,
): {readonly ofCloud?: ReadonlyMap<string, Parts>} {
  if (!settings || settings.clouds.size === 0) return {};
  return {ofCloud: new Map([...settings.clouds].map(([name, flags]) => [name, toParts(flags)]))};
}

/** The part of a request that says which definitions. */
export function toDefinitions({images, filter, force}: Flags): DefinitionChoice {
  return {images: images ?? [], ...(filter !== undefined && {filter}), force: force ?? DEFAULT_POLICY.force};
}

/** The profile of the audit: a built-in one, or the operator's file. */
export function toProfile({profile = 'scs-v1'}: Flags): ProfileChoice {
  const name = PROFILE_NAMES.find((each) => each === profile);
  return name === undefined ? {file: profile} : {name};
}

/** The part of a request that says how the images are worked through. */
export function toRun({jobs, waitLock, shard}: Flags): RunSettings {
  return {jobs: jobs ?? DEFAULT_JOBS, ...(shard && {shard}), ...(waitLock !== undefined && {waitLockMs: waitLock})};
}

/** The part of a request that says how images are brought into a cloud. */
export function toAcquire(flags: Flags): AcquireSettings {
  return {
    latest: flags.latest ?? DEFAULT_POLICY.latest,
    replace: flags.replace ?? DEFAULT_POLICY.replace,
    adopt: flags.adopt ?? DEFAULT_POLICY.adopt,
    publish: flags.publish ?? DEFAULT_POLICY.publish,
    wait: flags.wait ?? DEFAULT_POLICY.wait,
    ...(flags.tag !== undefined && {tag: flags.tag}),
    ...(flags.stores !== undefined && {stores: flags.stores}),
    ...(flags.convert !== undefined && {convert: {to: flags.convert, compress: flags.compress ?? false}}),
    ...(flags.method !== undefined && {method: flags.method}),
    ...(flags.prefetch !== undefined && {prefetch: flags.prefetch}),
    stuckRetry: flags.stuckRetry ?? 0,
    importTimeoutMs: flags.importTimeout ?? DEFAULT_IMPORT_TIMEOUT_MS,
    limits: toLimits(flags),
  };
}

/** The part of a request that says whether new images are tested. */
export function toTests(flags: Flags): TestSettings {
  return {
    verify: flags.verify ?? DEFAULT_POLICY.verify,
    reverify: flags.reverify ?? DEFAULT_POLICY.reverify,
    quarantine: flags.quarantine ?? DEFAULT_POLICY.quarantine,
    boot: toBoot(flags),
  };
}

/** The part of a request that says how test servers are booted. */
export function toBoot(flags: Flags): BootSettings {
  return {
    deadlineMs: flags.deadline ?? DEFAULT_DEADLINE_MS,
    listen: flags.listen ?? {port: 0},
    keepOnFailure: flags.keepOnFailure ?? false,
    inject: flags.inject ?? false,
    record: flags.record ?? true,
    ...(flags.flavor !== undefined && {flavor: flags.flavor}),
    ...(flags.network !== undefined && {network: flags.network}),
    ...(flags.root !== undefined && {root: flags.root}),
    ...(flags.advertise !== undefined && {advertise: flags.advertise}),
    ...(flags.lookup !== undefined && {lookup: flags.lookup}),
    ...(flags.sshKey !== undefined && {sshKeyFile: flags.sshKey}),
    ...(flags.verifyCloud !== undefined && {cloud: flags.verifyCloud}),
  };
}

/** The part of a request that says what becomes of superseded images. */
export function toRetire(flags: Flags): RetireSettings {
  return {
    ...toKeep(flags),
    hide: flags.hide ?? DEFAULT_POLICY.hide,
    deactivate: flags.deactivate ?? DEFAULT_POLICY.deactivate,
    delete: flags.delete ?? DEFAULT_POLICY.delete,
    forceState: flags.forceState ?? DEFAULT_POLICY.forceState,
    ...(flags.retireAs !== undefined && {retireAs: flags.retireAs}),
  };
}

function toKeep({keep}: Flags): Pick<RetireSettings, 'keep'> {
  return {keep: keep ?? DEFAULT_POLICY.keep};
}

/** What `hide` asks for with these flags, and `delete` besides what guards it. */
export function toHide(flags: Flags, dryRun: boolean): HideRequest {
  return {
    ...toClouds(flags),
    ...toEachCloud(flags, (of) => ({run: toRun(of), retire: toKeep(of)})),
    definitions: toDefinitions(flags),
    run: toRun(flags),
    dryRun,
    retire: toKeep(flags),
  };
}

/** The part of a request that guards deletions. */
export function toDeletion(flags: Flags): DeletionSettings {
  return {
    yes: flags.yes ?? flags.yesIReallyKnowWhatIDo ?? DEFAULT_POLICY.yes,
    maxDelete: flags.maxDelete ?? DEFAULT_POLICY.maxDelete,
    deleteInUse: flags.deleteInUse ?? DEFAULT_POLICY.deleteInUse,
    includeNone: flags.includeNone ?? DEFAULT_POLICY.includeNone,
  };
}

/** As long as a build may take when its definition says nothing. */
const DEFAULT_LOCK_WAIT_MS = 3_600_000;
const DEFAULT_KEEP_LOGS = 5;
const DEFAULT_CACHE_GIB = 20;

/** The part of a request that says how builds are made and kept. */
export function toBuilds(flags: Flags): BuildSettings {
  return {
    rebuild: flags.rebuild ?? false,
    keepArtifacts: flags.keepArtifacts ?? 0,
    keepLogs: flags.keepLogs ?? DEFAULT_KEEP_LOGS,
    cacheGib: flags.cacheSize ?? DEFAULT_CACHE_GIB,
    lockWaitMs: flags.waitLock ?? DEFAULT_LOCK_WAIT_MS,
  };
}

export function toLimits({maxDownload, maxUnpacked, maxVirtual}: Flags): Partial<SizeLimits> {
  return {
    ...(maxDownload !== undefined && {download: maxDownload}),
    ...(maxUnpacked !== undefined && {unpacked: maxUnpacked}),
    ...(maxVirtual !== undefined && {virtual: maxVirtual}),
  };
}

/** How to print, from flags alone. */
function toOutput(flags: Flags): OutputChoice {
  return {
    format: flags.json === true ? 'json' : (flags.format ?? 'human'),
    verbosity: verbosityOf(flags),
    color: flags.color !== false,
  };
}

function verbosityOf(flags: Flags): Verbosity {
  if (flags.debug === true) return 'debug';
  if (flags.verbose === true) return 'verbose';
  return flags.quiet === true ? 'quiet' : 'normal';
}
