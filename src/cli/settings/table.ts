/** A setting: what a settings file may say under its key. */
export interface Setting {
  /** The flag that it is the default of, and whose values it takes; absent: it has none, and {@link parse} reads it. */
  readonly flag?: string;
  /** Reads what is written where there is no flag; its errors are USAGE. */
  readonly parse?: (key: string) => (text: string) => unknown;
  /**
   * Where it may stand besides the top: `cloud`, under `clouds` and `commands`; `run`, under `commands`. `command`: under `commands` alone,
   * since it means too different things.
   */
  readonly scope: 'cloud' | 'run' | 'command';
  /** What holds without it, as people read it. */
  readonly default: string;
  /** A path: relative ones start from the folder of the settings file. `unless` are words that are none. */
  readonly path?: {readonly unless: readonly string[]};
  /** A path of a file that only its owner can read. */
  readonly secret?: boolean;
  /** It may be a list. */
  readonly many?: boolean;
  /** The variable that goes before it. */
  readonly variable?: string;
}

/** Every setting, by its key; `webhook.url` would be `url` under `webhook`. */
export const SETTINGS: Readonly<Record<string, Setting>> = {
  images: {
    flag: '--images',
    scope: 'run',
    default: 'the usual places',
    path: {unless: []},
    many: true,
    variable: 'IMGMGR_IMAGES',
  },
  jobs: {flag: '--jobs', scope: 'cloud', default: '6'},
  wait_lock: {flag: '--wait-lock', scope: 'run', default: 'until the lease of the other run is over'},
  keep_history: {flag: '--keep-history', scope: 'run', default: '400d'},
  webhook: {flag: '--webhook', scope: 'run', default: 'none'},
  webhook_secret_file: {
    flag: '--webhook-secret-file',
    scope: 'run',
    default: 'none',
    path: {unless: []},
    secret: true,
  },
  metrics_dir: {flag: '--metrics-dir', scope: 'run', default: 'none', path: {unless: []}},
  profile: {flag: '--profile', scope: 'run', default: 'scs-v1', path: {unless: ['openstack', 'scs-v1', 'scs-v2']}},
  fail_on: {flag: '--fail-on', scope: 'command', default: 'error; status: none'},
  due_within: {flag: '--due-within', scope: 'command', default: 'none'},

  latest: {flag: '--latest', scope: 'cloud', default: 'false'},
  method: {flag: '--method', scope: 'cloud', default: 'chosen by cloud and digest'},
  convert: {flag: '--convert', scope: 'cloud', default: 'as the definitions say'},
  compress: {flag: '--compress', scope: 'cloud', default: 'false'},
  stores: {flag: '--stores', scope: 'cloud', default: 'as the definitions say', many: true},
  prefetch: {flag: '--prefetch', scope: 'cloud', default: 'chosen by cloud and digest'},
  stuck_retry: {flag: '--stuck-retry', scope: 'cloud', default: '0'},
  import_timeout: {flag: '--import-timeout', scope: 'cloud', default: '30m'},
  max_download: {flag: '--max-download', scope: 'cloud', default: '64G'},
  max_unpacked: {flag: '--max-unpacked', scope: 'cloud', default: '64G'},
  max_virtual: {flag: '--max-virtual', scope: 'cloud', default: '256G'},
  allow_private_sources: {flag: '--allow-private-sources', scope: 'run', default: 'false'},
  wait: {flag: '--no-wait', scope: 'cloud', default: 'true'},
  publish: {flag: '--no-publish', scope: 'cloud', default: 'true'},
  tag: {flag: '--tag', scope: 'cloud', default: 'none'},

  build: {flag: '--no-build', scope: 'run', default: 'true'},
  keep_artifacts: {flag: '--keep-artifacts', scope: 'run', default: '0'},
  keep_logs: {flag: '--keep-logs', scope: 'run', default: '5'},
  cache_size: {flag: '--cache-size', scope: 'run', default: '20'},

  quarantine: {flag: '--quarantine', scope: 'cloud', default: '1'},
  verify_cloud: {flag: '--verify-cloud', scope: 'cloud', default: 'the cloud itself'},
  flavor: {flag: '--flavor', scope: 'cloud', default: 'the smallest that fits'},
  network: {flag: '--network', scope: 'cloud', default: "the project's only one, else the only shared one"},
  root: {flag: '--root', scope: 'cloud', default: "the flavor's disk"},
  listen: {flag: '--listen', scope: 'cloud', default: 'any free port'},
  advertise: {flag: '--advertise', scope: 'cloud', default: 'the address of this host in that direction'},
  deadline: {flag: '--deadline', scope: 'cloud', default: '10m'},
  ssh_key: {flag: '--ssh-key', scope: 'cloud', default: 'none', path: {unless: []}},
  lookup: {flag: '--lookup', scope: 'cloud', default: 'none'},
  inject: {flag: '--inject', scope: 'cloud', default: 'false'},

  hide: {flag: '--hide', scope: 'cloud', default: 'false'},
  retire_as: {flag: '--retire-as', scope: 'cloud', default: 'as the definitions say'},
  deactivate: {flag: '--deactivate', scope: 'cloud', default: 'false'},
  delete: {flag: '--delete', scope: 'cloud', default: 'false'},
  keep: {flag: '--keep', scope: 'cloud', default: 'false'},
};

const OVERRIDE = 'it lifts a guard, so it is given on the command line, each time';
const EACH_RUN = 'it is about one run, so it is given on the command line';
const ONE_IMAGE = 'it describes one image, so it is given on the command line';
const SERVER = 'it decides who reaches the server and what it may do, so it is given where it is started';
const OUTPUT = 'whoever reads the output chooses its form on the command line';
const CLOUD = 'a run works on no cloud that nobody named: use --cloud, OS_CLOUD, or a clouds.yaml with one entry';

/** Flags that no settings file sets, each with the reason. */
export const NOT_SETTABLE: Readonly<Record<string, string>> = {
  ...reasons(OVERRIDE, [
    ...['--force-state', '--delete-in-use', '--include-none', '--max-delete', '--no-verify', '--replace', '--yes'],
    ...['--yes-i-really-know-what-i-do'],
  ]),
  '--verify': 'tests are the default, and leaving them out is said on the command line, each time',
  '--cloud': CLOUD,
  '--region': 'the region of a cloud belongs into clouds.yaml, as region_name',
  '--config': 'a settings file names no other one',
  ...reasons(EACH_RUN, [
    ...[
      '--filter',
      '--force',
      '--adopt',
      '--reverify',
      '--rebuild',
      '--keep-on-failure',
      '--deep',
      '--presence',
      '--no-record',
    ],
    ...['--dry-run', '--plan', '--out', '--shard', '--upload', '--output', '--arch', '--diff', '--all', '--wide'],
    ...['--servers', '--log', '--follow', '--verb', '--failed', '--since', '--before', '--limit', '--until'],
    ...['--reason', '--public-reason', '--to', '--pull', '--undo', '--policy', '--role', '--whole'],
  ]),
  ...reasons(ONE_IMAGE, [
    ...['--name', '--image-version', '--build-date', '--disk-format', '--checksum', '--min-disk', '--min-ram'],
    ...['--login', '--visibility', '--protected', '--property', '--from-cloud', '--allow-running', '--wait-upload'],
  ]),
  ...reasons(SERVER, [
    ...[
      '--allow-write',
      '--allow-build',
      '--bind',
      '--grpc-listen',
      '--url',
      '--tls-cert',
      '--tls-key',
      '--behind-proxy',
    ],
    ...['--user-header', '--operators', '--grace'],
  ]),
  ...reasons(OUTPUT, ['--format', '--json', '--quiet', '--verbose', '--debug', '--no-color']),
};

/** `dry-run` says what `manage` would do, so both have the same settings. */
export function settingsCommand(name: string): string {
  return name === 'dry-run' ? 'manage' : name;
}

/** Whether a flag of a command is that of a setting; with a list of words it is another one (`build --delete BUILD…`). */
export function isFlag(flag: string | undefined): (option: OptionName) => boolean {
  return ({long, variadic}) => long === flag && !variadic;
}

interface OptionName {
  readonly long?: string | undefined;
  readonly variadic: boolean;
}

/** How a flag is spelled in a settings file. */
export function keyOfFlag(flag: string): string {
  return flag.replace(/^--(?:no-)?/, '').replaceAll('-', '_');
}

function reasons(reason: string, flags: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(flags.map((flag) => [flag, reason]));
}
