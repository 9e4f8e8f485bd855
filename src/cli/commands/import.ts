import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import {UPLOAD_ADDRESS} from '../../core/origin-text.ts';
import {ImgmgrError} from '../../errors.ts';
import type {AdHocImage} from '../../app/ad-hoc-image.ts';
import type {Flags} from '../flags.ts';
import {
  addAcquireFlags,
  addAdHocFlags,
  addSharedRunFlags,
  addSelectionFlags,
  addVerifyFlags,
  allFlags,
  givenFlags,
  listenOrUploadFlag,
} from '../flags.ts';
import type {Execute, Invocation} from '../invocation.ts';
import type {ImportImageRequest} from '../../app/import-image.ts';
import type {ImportUploadRequest} from '../../app/receive-upload.ts';
import {duration} from '../parse.ts';
import type {ImportRequest} from '../../app/import.ts';
import {toAcquire, toBuilds, toClouds, toDefinitions, toEachCloud, toInvocation, toRun, toTests} from '../options.ts';
import {withoutSettings} from '../settings/apply.ts';

/** `imgmgr import [URL|file|-]`: one image, or the selected definitions as `manage` would, never deleting anything. */
export function addImport(program: Command, execute: Execute): void {
  const command = addCommand(program, 'import', 'One image')
    .argument(
      '[image]',
      'URL, file, image:ID, volume:ID, server:ID …, or - for stdin; without it: the selected definitions',
    )
    .description('bring one image, or the selected definitions, into Glance')
    .addHelpText('before', EXAMPLES);
  addSharedRunFlags(addVerifyFlags(addAcquireFlags(addAdHocFlags(addSelectionFlags(command))), listenOrUploadFlag()))
    .option(
      '--wait-upload <duration>',
      'with --listen and --name: how long the upload may take to begin; default: 10m',
      duration('--wait-upload'),
    )
    .option('--dry-run', 'only say what would be done')
    .action(async (address: string | undefined) => {
      const flags = allFlags(command);
      const given = givenFlags(command);
      if (address === undefined && given.listen && takesUpload(given))
        return execute(ofUpload(withoutSettings(flags, DEFINITIONS_ONLY), given.listen));
      return address === undefined
        ? execute(ofDefinitions(flags))
        : execute(ofImage(address, withoutSettings(flags, DEFINITIONS_ONLY)));
    });
  showInHelp(command, [
    '--cloud',
    '--images',
    '--filter',
    '--latest',
    '--name',
    '--image-version',
    '--disk-format',
    '--checksum',
    '--visibility',
    '--property',
    '--no-publish',
    '--dry-run',
  ]);
}

function ofDefinitions(flags: Flags): Invocation<ImportRequest> {
  const {request, ...general} = common(flags);
  refuseDescription(flags);
  return {
    ...general,
    request: {...request, definitions: toDefinitions(flags), builds: toBuilds(flags)},
    load: async () => (await import('../../app/import.ts')).importDefinitions,
  };
}

function ofImage(address: string, flags: Flags): Invocation<ImportImageRequest> {
  const {request, ...general} = common(flags);
  return {
    ...general,
    request: {...request, image: describe(address, flags)},
    readsStdin: address === '-',
    load: async () => (await import('../../app/import-image.ts')).importImage,
  };
}

const WAIT_UPLOAD_MS = 600_000;

/** With an address, and nothing that describes one image, `--listen` is where the test servers of definitions report. */
function takesUpload(given: Flags): boolean {
  return given.listen?.isAlone === true || AD_HOC_ONLY.some((key) => given[key] !== undefined);
}

function ofUpload(
  flags: Flags,
  {host: bind, port, lastPort}: NonNullable<Flags['listen']>,
): Invocation<ImportUploadRequest> {
  const {request, ...general} = common(flags);
  if (general.report.dryRun)
    throw new ImgmgrError('USAGE', '--dry-run contradicts an upload, which would be taken and lost', {
      hint: 'leave it out',
    });
  return {
    ...general,
    request: {
      ...{...request, image: describe(UPLOAD_ADDRESS, flags), waitMs: flags.waitUpload ?? WAIT_UPLOAD_MS},
      listen: {
        bind,
        port,
        ...(lastPort !== undefined && {lastPort}),
        ...(flags.advertise && {advertise: flags.advertise}),
      },
    },
    load: async () => (await import('../../app/receive-upload.ts')).importUpload,
  };
}

function common(flags: Flags) {
  const general = toInvocation('import', flags);
  const {dryRun} = general.report;
  return {
    ...general,
    report: {dryRun, ...(!dryRun && {answers: 'ids' as const})},
    request: {
      ...toClouds(flags),
      ...toEachCloud(flags, (of) => ({run: toRun(of), acquire: toAcquire(of), tests: toTests(of)})),
      ...{run: toRun(flags), dryRun, acquire: toAcquire(flags), tests: toTests(flags)},
    },
  };
}

const EXAMPLES = `Examples:
  imgmgr import --cloud admin https://example.org/debian-12.qcow2 --name "Debian 12" --checksum sha512:…
  imgmgr import --cloud local ./disk.qcow2
  imgmgr import --cloud admin oci://quay.io/containerdisks/fedora:42 --disk-format qcow2
  imgmgr import --cloud admin image:5c2e… --from-cloud region-2 --no-publish
  imgmgr import --cloud admin server:77ab… --name "Golden" --no-publish
  imgmgr import --cloud admin --filter Debian --no-publish
`;

const AD_HOC_ONLY = [
  'fromCloud',
  'allowRunning',
  'name',
  'imageVersion',
  'buildDate',
  'diskFormat',
  'checksum',
  'minDisk',
  'minRam',
  'login',
  'visibility',
  'protected',
  'property',
] as const satisfies readonly (keyof Flags)[];

const DEFINITIONS_ONLY = ['images', 'filter', 'force', 'latest', 'shard'] as const satisfies readonly (keyof Flags)[];

function refuseDescription(flags: Flags): void {
  const stray = AD_HOC_ONLY.find((key) => flags[key] !== undefined);
  if (stray === undefined) return;
  throw new ImgmgrError('USAGE', `${flagOf(stray)} describes one image, and none was given`, {
    hint: 'name it: imgmgr import URL|FILE|- …; definitions say these things in their file',
  });
}

function describe(address: string, flags: Flags): AdHocImage {
  const stray = DEFINITIONS_ONLY.find((key) => flags[key] !== undefined);
  if (stray !== undefined)
    throw new ImgmgrError(
      'USAGE',
      `${flagOf(stray)} selects definitions, but ${address === UPLOAD_ADDRESS ? 'what is sent' : address} is one image`,
      {
        hint: 'leave out the one or the other',
      },
    );
  return {
    address,
    allowRunning: flags.allowRunning ?? false,
    ...(flags.fromCloud !== undefined && {fromCloud: flags.fromCloud}),
    ...(flags.name !== undefined && {name: flags.name}),
    ...(flags.imageVersion !== undefined && {version: flags.imageVersion}),
    ...(flags.buildDate !== undefined && {buildDate: flags.buildDate}),
    ...(flags.diskFormat !== undefined && {diskFormat: flags.diskFormat}),
    ...(flags.checksum !== undefined && {checksum: flags.checksum}),
    minDiskGib: flags.minDisk ?? 0,
    minRamMib: flags.minRam ?? 0,
    login: flags.login ?? '',
    visibility: flags.visibility ?? 'private',
    protected: flags.protected ?? false,
    properties: flags.property ?? {},
  };
}

function flagOf(key: string): string {
  return `--${key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}
