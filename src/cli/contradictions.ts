import {ImgmgrError} from '../errors.ts';
import type {Flags} from './flag-values.ts';

/** Flags that cannot hold together. */
export interface Contradiction {
  /** Those that {@link applies} looks at. */
  readonly keys: readonly (keyof Flags)[];
  readonly applies: (flags: Flags) => boolean;
  readonly message: string;
  readonly hint: string;
}

/** USAGE when flags contradict each other. */
export function refuseContradictions(flags: Flags): void {
  const found = contradictionIn(flags);
  if (found) throw new ImgmgrError('USAGE', found.message, {hint: found.hint});
}

/** The first contradiction among the flags; undefined where there is none. */
export function contradictionIn(flags: Flags): Contradiction | undefined {
  return CONTRADICTIONS.find(({applies}) => applies(flags));
}

/** What to do where plans are asked for in a way that cannot be. */
export const PLAN_HINT = 'imgmgr dry-run --out FILE makes a plan, imgmgr manage --plan FILE carries it out';

const CONTRADICTIONS: readonly Contradiction[] = [
  {
    keys: ['webhook', 'webhookSecretFile'],
    applies: ({webhook, webhookSecretFile}) => webhookSecretFile !== undefined && webhook === undefined,
    message: '--webhook-secret-file means nothing without --webhook',
    hint: 'add --webhook URL, or leave it out',
  },
  {
    keys: ['out', 'plan'],
    applies: ({out, plan}) => out !== undefined && plan !== undefined,
    message: '--out contradicts --plan',
    hint: PLAN_HINT,
  },
  {
    keys: ['shard', 'out', 'plan'],
    applies: ({out, plan, shard}) => shard !== undefined && (out !== undefined || plan !== undefined),
    message: '--shard contradicts --out and --plan',
    hint: 'a plan is made, approved and carried out as a whole: leave --shard out, or choose definitions with --filter',
  },
  {
    keys: ['compress', 'convert'],
    applies: ({compress, convert}) => compress === true && convert !== 'qcow2',
    message: '--compress means nothing without --convert qcow2',
    hint: 'only qcow2 can be compressed: add --convert qcow2, or leave it out',
  },
  {
    keys: ['verify', 'reverify'],
    applies: ({verify, reverify}) => verify === false && reverify === true,
    message: '--no-verify contradicts --reverify',
    hint: 'give one of them',
  },
  {
    keys: ['build', 'rebuild'],
    applies: ({build, rebuild}) => build === false && rebuild === true,
    message: '--no-build contradicts --rebuild',
    hint: 'give one of them',
  },
  {
    keys: ['listen', 'advertise'],
    applies: ({listen, advertise}) => listen?.lastPort !== undefined && advertise?.port !== undefined,
    message: '--advertise with a port contradicts --listen with a range',
    hint: 'give --advertise HOST alone: servers call the port that the run took',
  },
  {
    keys: ['quiet', 'verbose', 'debug'],
    applies: ({quiet, verbose, debug}) => quiet === true && (verbose === true || debug === true),
    message: '--quiet contradicts --verbose and --debug',
    hint: 'give one of them',
  },
  {
    keys: ['json', 'format'],
    applies: ({json, format}) => json === true && format !== undefined && format !== 'json',
    message: '--json contradicts --format',
    hint: 'give one of them',
  },
  {
    keys: ['method', 'prefetch'],
    applies: ({method, prefetch}) => method === 'web-download' && prefetch === 'always',
    message: '--method web-download contradicts --prefetch always',
    hint: 'web-download lets the cloud fetch the bytes, prefetch streams them through this host: give one of them',
  },
  {
    keys: ['method', 'prefetch'],
    applies: ({method, prefetch}) => prefetch === 'never' && method !== undefined && method !== 'web-download',
    message: '--prefetch never contradicts a --method that streams',
    hint: '"never" means web-download only: give one of them',
  },
];
