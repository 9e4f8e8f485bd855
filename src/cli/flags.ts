import {type Command, Option} from 'commander';
import type {RetireWay} from '../core/definition/definition.ts';
import {DISK_FORMATS} from '../core/format/disk-formats.ts';
import type {Visibility} from '../core/image/image.ts';
import {PROFILE_NAMES} from '../core/rules/rule-text.ts';
import type {Flags} from './flag-values.ts';
import {ofThePeer, override} from './help-layout.ts';
import {OUTPUT_FORMATS} from './invocation.ts';
import {
  bytes,
  checksum,
  day,
  duration,
  hostAndPort,
  keepTime,
  list,
  oneOf,
  pairs,
  shard,
  socket,
  webhookAddress,
  wholeNumber,
  word,
  words,
} from './parse.ts';
import {withSettings} from './settings/apply.ts';

export type {Flags} from './flag-values.ts';

/** The flags of a command and the global ones, wherever they stood on the command line, with what settings files say where it says nothing. */
export function allFlags(command: Command): Flags {
  return withSettings(givenFlags(command), command);
}

/** The same without the settings. */
export function givenFlags(command: Command): Flags {
  return command.optsWithGlobals<Flags>();
}

/** What may be given several times; all of it counts. */
export const REPEATABLE: ReadonlySet<string> = new Set([
  '--cloud',
  '--images',
  '--filter',
  '--property',
  '--stores',
  '--diff',
  '--delete',
]);

/** How and how much is printed; every command has these. */
export function addOutputFlags(command: Command): Command {
  return command
    .optionsGroup('Output:')
    .option(
      '--format <form>',
      'human, json (lines on stdout), junit; sarif (validate)',
      oneOf('--format', OUTPUT_FORMATS),
    )
    .option('--json', 'short for --format json')
    .option('-q, --quiet', 'print only errors and the answer')
    .option('-v, --verbose', 'print every decision and its reason')
    .option('--debug', 'print each HTTP call (secrets redacted) and the stack of errors')
    .option('--no-color', 'no colour');
}

/** Which clouds and which definitions. */
export function addSelectionFlags(command: Command): Command {
  return addLookFlags(command).option('--force', 'process disabled definitions too');
}

/** Which clouds and which definitions, for what looks at disabled ones anyway. */
export function addLookFlags(command: Command): Command {
  return addPlaceFlags(command).option(
    '--filter <regex>',
    'only definitions whose name matches; may be repeated',
    words('--filter'),
  );
}

/** Which clouds, and where the definitions are. */
export function addPlaceFlags(command: Command): Command {
  return addCloudFlags(command).option(
    '--images <path>',
    'definitions: a folder or one file; may be repeated',
    words('--images'),
  );
}

/** The clouds alone, for what needs no definitions. */
export function addCloudFlags(command: Command): Command {
  return command
    .optionsGroup('What to work on:')
    .option('--cloud <name>', 'cloud of clouds.yaml, or "local"; may be repeated', list('--cloud'))
    .option('--region <name>', 'region to work in; default: OS_REGION_NAME, else the first', word('--region'));
}

/** Who is told of a run, and how it works through its images. */
export function addRunFlags(command: Command): Command {
  return addMonitoringFlags(command)
    .option('--webhook <url>', WEBHOOK_TEXT, webhookAddress('--webhook'))
    .option('--webhook-secret-file <file>', WEBHOOK_SECRET_TEXT, word('--webhook-secret-file'))
    .optionsGroup('The run:')
    .option('--jobs <n>', 'images worked on at the same time', wholeNumber('--jobs', 1))
    .option('--wait-lock <duration>', 'wait this long for another run to end', duration('--wait-lock'))
    .option(
      '--keep-history <time>',
      'forget runs of this host after this time; default: 400d',
      keepTime('--keep-history'),
    );
}

/** Who is told of the run besides its caller. */
export function addMonitoringFlags(command: Command): Command {
  return command.optionsGroup('Monitoring:').option('--metrics-dir <folder>', METRICS_TEXT, word('--metrics-dir'));
}

/** As {@link addRunFlags}, for what works on definitions, so that several runs can share them. */
export function addSharedRunFlags(command: Command): Command {
  return addRunFlags(command).option('--shard <part>', SHARD_TEXT, shard('--shard'));
}

/** What an image may have, and where it may be fetched. */
export function addLimitFlags(command: Command): Command {
  return command
    .option('--max-download <size>', 'largest file that is fetched; default: 64G', bytes('--max-download'))
    .option('--max-unpacked <size>', 'largest file after unpacking; default: 64G', bytes('--max-unpacked'))
    .option('--max-virtual <size>', 'largest disk that an image may claim; default: 256G', bytes('--max-virtual'))
    .option('--allow-private-sources', 'redirects of a source may lead to this host and to private networks');
}

/** How images are brought into the cloud. */
export function addAcquireFlags(command: Command): Command {
  command
    .optionsGroup('Acquiring:')
    .option('--latest', 'import only the newest listed version')
    .addOption(override('--replace', 'accept a new digest under the same version'))
    .option('--adopt', 'stamp existing images of this project instead of stopping at them')
    .option('--method <way>', METHOD_TEXT, oneOf('--method', ['web-download', 'glance-direct', 'upload']))
    .option('--convert <format>', CONVERT_TEXT, oneOf('--convert', ['raw', 'qcow2']))
    .option('--compress', 'with --convert qcow2: compress it')
    .option('--stores <ids>', 'stores that must hold the bytes, separated by commas', list('--stores'))
    .addOption(ofThePeer('--prefetch <when>', PREFETCH_TEXT, oneOf('--prefetch', ['never', 'on-stuck', 'always'])))
    .addOption(
      ofThePeer('--stuck-retry <n>', 'further attempts of a web-download that fails', wholeNumber('--stuck-retry')),
    )
    .addOption(
      ofThePeer('--import-timeout <seconds>', 'deadline of one image over all attempts', duration('--import-timeout')),
    );
  return addLimitFlags(command)
    .option('--no-wait', 'hand the work to the cloud and return')
    .option('--no-publish', 'stop before the image becomes visible')
    .option('--tag <tag>', 'additional tag on current images', word('--tag'));
}

/** Where test servers report. */
function listenFlag(): Option {
  return new Option('--listen <host:port>', LISTEN_TEXT).argParser(socket('--listen'));
}

/** The same; where it stands alone, an upload is taken at any port of any address. */
export function listenOrUploadFlag(): Option {
  const read = socket('--listen');
  return new Option('--listen [host:port]', LISTEN_TEXT)
    .preset('')
    .argParser((text: string) => (text === '' ? {...read(':0'), isAlone: true} : read(text)));
}

/** Whether and how a test server is booted before an image is published. */
export function addVerifyFlags(command: Command, listen = listenFlag()): Command {
  return addBootFlags(
    command
      .optionsGroup('Verifying:')
      .option('--verify', 'boot a test server from every new image before it is published (the default)')
      .addOption(override('--no-verify', 'publish without a test'))
      .option('--reverify', 'boot kept candidates and quarantined images again')
      .option('--quarantine <n>', 'failed candidates kept per definition, 1 by default', wholeNumber('--quarantine')),
    listen,
  );
}

/** Where test servers are booted, and where they report. */
export function addPlacementFlags(command: Command, listen = listenFlag()): Command {
  return command
    .optionsGroup('Verifying:')
    .option('--verify-cloud <name>', 'boot in another project: a cloud of clouds.yaml', word('--verify-cloud'))
    .option('--flavor <name>', 'flavor of the test servers; default: the smallest that fits', word('--flavor'))
    .option('--network <name>', 'their network; default: the only one, else the only shared one', word('--network'))
    .option('--root <what>', "volume: they boot from a volume; default: the flavor's disk", oneOf('--root', ['volume']))
    .addOption(listen)
    .option('--advertise <host:port>', 'what they call, where that differs (NAT)', hostAndPort('--advertise'));
}

/** How a test server is booted, and where it reports. */
export function addBootFlags(command: Command, listen = listenFlag()): Command {
  return addPlacementFlags(command, listen)
    .option('--deadline <duration>', 'from the order of a server to its report; default: 10m', duration('--deadline'))
    .option('--ssh-key <file>', 'a public key that has to be the only authorized one', word('--ssh-key'))
    .option('--lookup <name>', 'a name that they have to resolve', word('--lookup'))
    .option('--inject', 'bring the agent along, also where the image has one')
    .option('--keep-on-failure', 'leave the server of a failed image for a look');
}

/** How images of definitions with `build:` are made. */
export function addBuildFlags(command: Command): Command {
  return command
    .optionsGroup('Building:')
    .option('--rebuild', 'build again, whatever is there')
    .option('--keep-artifacts <n>', 'builds that stay here when every cloud has them', wholeNumber('--keep-artifacts'))
    .option('--keep-logs <n>', 'build logs that stay per definition; default: 5', wholeNumber('--keep-logs', 1))
    .option('--cache-size <gib>', 'limit of the build caches; default: 20', wholeNumber('--cache-size'));
}

/** What becomes of superseded images, and of changes made by hand. */
export function addRotationFlags(command: Command): Command {
  return command
    .optionsGroup('Superseded images:')
    .option('--hide', 'os_hidden on all of them, name and visibility kept')
    .option('--retire-as <way>', RETIRE_TEXT, oneOf('--retire-as', RETIRE_WAYS))
    .option('--deactivate', 'deactivate those that need not be kept any more')
    .option('--delete', 'delete those that need not be kept any more; asks, or needs --yes')
    .option('--keep', 'leave those of "multi: false" definitions alone')
    .addOption(override('--force-state', 'overwrite visibility, os_hidden and status that were changed by hand'));
}

/** The guards of a deletion. */
export function addDeletionFlags(command: Command): Command {
  return command
    .optionsGroup('Deleting:')
    .option('--yes', 'delete without asking')
    .addOption(ofThePeer('--yes-i-really-know-what-i-do', 'the same as --yes'))
    .addOption(
      override(
        '--max-delete <n>',
        'more deletions than this fail the run before the first',
        wholeNumber('--max-delete'),
      ),
    )
    .addOption(override('--delete-in-use', 'delete images that servers still use'))
    .addOption(override('--include-none', 'also delete images with uuid_validity: none'));
}

/** What describes the one image that `import` gets as an argument. */
export function addAdHocFlags(command: Command): Command {
  return command
    .optionsGroup('An image given as URL, file or -:')
    .option('--from-cloud <name>', 'of image:ID, the cloud that has it; default: that of --cloud', word('--from-cloud'))
    .option('--allow-running', 'of server:ID and volume:ID, also while it is in use, as after a power cut')
    .option('--name <name>', 'name of the image; default: the file name', word('--name'))
    .option('--image-version <version>', 'its version; default: the build date', word('--image-version'))
    .option('--build-date <day>', 'YYYY-MM-DD; default: of the file, else today', day('--build-date'))
    .option('--disk-format <format>', 'qcow2, raw, …; default: by the file name', oneOf('--disk-format', DISK_FORMATS))
    .option('--checksum <digest>', 'what the bytes must hash to, algo:hex', checksum('--checksum'))
    .option('--min-disk <gib>', 'GiB; raised to the size of the disk inside', wholeNumber('--min-disk'))
    .option('--min-ram <mib>', 'MiB', wholeNumber('--min-ram'))
    .option('--login <user>', 'user to log in as', word('--login'))
    .option('--visibility <who>', 'private (default), shared, community or public', oneOf('--visibility', VISIBILITIES))
    .option('--protected', 'guard the image against deletion by others')
    .option('--property <key=value>', 'image property; may be repeated', pairs('--property'));
}

/** What `--profile` takes. */
export const PROFILE_TEXT = `${PROFILE_NAMES.join(', ')}, or a file that extends one; default: scs-v1`;

const WEBHOOK_TEXT = 'post what is published, quarantined, rolled back or failed to this address';
const WEBHOOK_SECRET_TEXT = 'a file, mode 0600, with the secret that signs it';
const METRICS_TEXT = 'write metrics there for the textfile collector of node_exporter; not in a dry run';
const SHARD_TEXT = 'K/N: only this part of the definitions, so that N runs share them; auto/N in an indexed job';
const METHOD_TEXT = 'web-download, glance-direct or upload; default: chosen by cloud and digest';
const CONVERT_TEXT = 'raw or qcow2: what new images become on this host, before they go to the cloud';
const PREFETCH_TEXT = 'never: the cloud fetches; always: streamed through here; on-stuck: when the cloud fails';
const RETIRE_WAYS: readonly RetireWay[] = ['renamed', 'hidden', 'renamed-by-date', 'deactivated', 'community'];
const LISTEN_TEXT = 'where their reports are taken, or a range as :7443-7450; default: any free port';
const RETIRE_TEXT = `${RETIRE_WAYS.slice(0, -1).join(', ')} or community; overrides the definitions`;
const VISIBILITIES: readonly Visibility[] = ['private', 'shared', 'community', 'public'];
