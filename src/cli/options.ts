import type {SizeLimits} from '../core/limits.ts';
import type {Policy} from '../core/policy.ts';
import {DEFAULT_POLICY} from '../core/policy.ts';
import {ImgmgrError} from '../errors.ts';
import type {Flags} from './flags.ts';
import {toBuildRequest} from './builds.ts';
import {toVerifyRequest} from './verification.ts';
import type {CommandName, Invocation, OutputChoice, Verbosity} from './invocation.ts';

/** How many images are worked on at once when nothing is said. */
export const DEFAULT_JOBS = 6;
/** The peer's deadline of one image. */
export const DEFAULT_IMPORT_TIMEOUT_MS = 1_800_000;

/** Which command it is, what was said with flags, and what the command itself decides. */
export interface Request {
  readonly command: CommandName;
  readonly flags: Flags;
  /** What makes this command differ from `manage`. */
  readonly policy?: Partial<Policy>;
}

/** Flags into what is asked for. USAGE when they contradict each other or ask for what this version cannot do. */
export function toInvocation({command, flags, policy = {}}: Request): Invocation {
  refuseContradictions(flags);
  const dryRun = command === 'dry-run' || flags.dryRun === true;
  return {
    command: dryRun ? 'dry-run' : command,
    clouds: [...new Set(flags.cloud)],
    ...(flags.region !== undefined && {region: flags.region}),
    images: flags.images ?? [],
    ...(flags.filter !== undefined && {filter: flags.filter}),
    allowPrivateSources: flags.allowPrivateSources ?? false,
    verify: toVerifyRequest(flags),
    build: toBuildRequest(flags),
    options: {
      policy: {...toPolicy(flags), ...policy},
      dryRun,
      jobs: flags.jobs ?? DEFAULT_JOBS,
      ...(flags.method !== undefined && {method: flags.method}),
      ...(flags.prefetch !== undefined && {prefetch: flags.prefetch}),
      stuckRetry: flags.stuckRetry ?? 0,
      importTimeoutMs: flags.importTimeout ?? DEFAULT_IMPORT_TIMEOUT_MS,
      limits: toLimits(flags),
      ...(flags.waitLock !== undefined && {waitLockMs: flags.waitLock}),
      silenceNotVerified: flags.verify === false,
    },
    output: toOutput(flags),
  };
}

function toLimits({maxDownload, maxUnpacked, maxVirtual}: Flags): Partial<SizeLimits> {
  return {
    ...(maxDownload !== undefined && {download: maxDownload}),
    ...(maxUnpacked !== undefined && {unpacked: maxUnpacked}),
    ...(maxVirtual !== undefined && {virtual: maxVirtual}),
  };
}

/** How to print, from flags alone. */
export function toOutput(flags: Flags): OutputChoice {
  return {
    format: flags.json === true ? 'json' : (flags.format ?? 'human'),
    verbosity: verbosityOf(flags),
    color: flags.color !== false,
  };
}

function toPolicy(flags: Flags): Policy {
  return {
    ...DEFAULT_POLICY,
    latest: flags.latest ?? DEFAULT_POLICY.latest,
    force: flags.force ?? DEFAULT_POLICY.force,
    hide: flags.hide ?? DEFAULT_POLICY.hide,
    deactivate: flags.deactivate ?? DEFAULT_POLICY.deactivate,
    delete: flags.delete ?? DEFAULT_POLICY.delete,
    yes: flags.yes ?? flags.yesIReallyKnowWhatIDo ?? DEFAULT_POLICY.yes,
    keep: flags.keep ?? DEFAULT_POLICY.keep,
    ...(flags.retireAs !== undefined && {retireAs: flags.retireAs}),
    replace: flags.replace ?? DEFAULT_POLICY.replace,
    adopt: flags.adopt ?? DEFAULT_POLICY.adopt,
    forceState: flags.forceState ?? DEFAULT_POLICY.forceState,
    includeNone: flags.includeNone ?? DEFAULT_POLICY.includeNone,
    maxDelete: flags.maxDelete ?? DEFAULT_POLICY.maxDelete,
    deleteInUse: flags.deleteInUse ?? DEFAULT_POLICY.deleteInUse,
    publish: flags.publish ?? DEFAULT_POLICY.publish,
    wait: flags.wait ?? DEFAULT_POLICY.wait,
    verify: flags.verify ?? DEFAULT_POLICY.verify,
    reverify: flags.reverify ?? DEFAULT_POLICY.reverify,
    quarantine: flags.quarantine ?? DEFAULT_POLICY.quarantine,
    ...(flags.tag !== undefined && {tag: flags.tag}),
    ...(flags.stores !== undefined && {stores: flags.stores}),
    ...(flags.convert !== undefined && {convert: {to: flags.convert, compress: flags.compress ?? false}}),
  };
}

function verbosityOf(flags: Flags): Verbosity {
  if (flags.debug === true) return 'debug';
  if (flags.verbose === true) return 'verbose';
  return flags.quiet === true ? 'quiet' : 'normal';
}

function refuseContradictions(flags: Flags): void {
  for (const {applies, message, hint} of CONTRADICTIONS)
    if (applies(flags)) throw new ImgmgrError('USAGE', message, {hint});
}

const CONTRADICTIONS: readonly {
  readonly applies: (flags: Flags) => boolean;
  readonly message: string;
  readonly hint: string;
}[] = [
  {
    applies: ({compress, convert}) => compress === true && convert !== 'qcow2',
    message: '--compress means nothing without --convert qcow2',
    hint: 'only qcow2 can be compressed: add --convert qcow2, or leave it out',
  },
  {
    applies: ({verify, reverify}) => verify === false && reverify === true,
    message: '--no-verify contradicts --reverify',
    hint: 'give one of them',
  },
  {
    applies: ({build, rebuild}) => build === false && rebuild === true,
    message: '--no-build contradicts --rebuild',
    hint: 'give one of them',
  },
  {
    applies: ({quiet, verbose, debug}) => quiet === true && (verbose === true || debug === true),
    message: '--quiet contradicts --verbose and --debug',
    hint: 'give one of them',
  },
  {
    applies: ({json, format}) => json === true && format !== undefined && format !== 'json',
    message: '--json contradicts --format',
    hint: 'give one of them',
  },
  {
    applies: ({method, prefetch}) => method === 'web-download' && prefetch === 'always',
    message: '--method web-download contradicts --prefetch always',
    hint: 'web-download lets the cloud fetch the bytes, prefetch streams them through this host: give one of them',
  },
  {
    applies: ({method, prefetch}) => prefetch === 'never' && method !== undefined && method !== 'web-download',
    message: '--prefetch never contradicts a --method that streams',
    hint: '"never" means web-download only: give one of them',
  },
];
