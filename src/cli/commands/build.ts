import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {addAcquireFlags, addBuildFlags, addSharedRunFlags, addSelectionFlags, addVerifyFlags} from '../flags.ts';
import type {Execute, Invocation, ReportChoice} from '../invocation.ts';
import type {BuildAndUploadRequest} from '../../app/build-and-upload.ts';
import type {BuildRequest} from '../../app/build.ts';
import type {DeleteBuildsRequest} from '../../app/delete-builds.ts';
import type {CompareManifestsRequest} from '../../app/compare-manifests.ts';
import {BUILD_AND_UPLOAD, DELETE_BUILDS} from '../../core/counts.ts';
import {toAcquire, toBuilds, toClouds, toDefinitions, toEachCloud, toInvocation, toRun, toTests} from '../options.ts';
import {oneOf, word} from '../parse.ts';
import {withoutSettings, withSettings} from '../settings/apply.ts';

/** `imgmgr build`: makes the images of definitions with `build:` on this host; `--upload` goes on to Glance. */
export function addBuild(program: Command, execute: Execute): void {
  const command = addCommand(program, 'build', 'One image')
    .description('build images with diskimage-builder; leaves image, manifest and log; --upload goes on to Glance')
    .addHelpText('before', EXAMPLES);
  addSharedRunFlags(addVerifyFlags(addAcquireFlags(addBuildFlags(addSelectionFlags(command)))))
    .optionsGroup('Building:')
    .option('--output <folder>', 'copy image and manifest there', word('--output'))
    .option('--upload', 'go on as manage does: upload, verify, publish')
    .option('--arch <machine>', 'only definitions of this architecture', oneOf('--arch', ['x86_64', 'aarch64']))
    .option('--diff <manifests...>', 'build nothing; say what changed between two manifests')
    .option('--delete <builds...>', 'build nothing; delete builds of this host: definitions, ids of builds or of runs')
    .option('--yes', 'with --delete: do not ask')
    .option('--dry-run', 'with --upload or --delete: only say what would be done')
    .action(async () => {
      const {delete: targets, ...given} = command.optsWithGlobals<BuildFlags>();
      const all = withSettings(given, command);
      // A build that goes nowhere stays as its definition says.
      const isKept = all.upload !== true && all.output === undefined;
      const flags = isKept ? withoutSettings(all, ['convert', 'compress']) : all;
      const general = {...toInvocation('build', flags), report: reportOf(flags)};
      if (targets) return execute(deletion(general, targets, command));
      const diff = manifestsOf(flags);
      refuseStrays(flags);
      if (diff) return execute(comparison(general, diff));
      return flags.upload === true ? execute(buildAndUpload(general, flags)) : execute(build(general, flags));
    });
  showInHelp(command, [
    '--cloud',
    '--images',
    '--filter',
    '--force',
    '--rebuild',
    '--upload',
    '--output',
    '--arch',
    '--diff',
    '--delete',
    '--yes',
    '--dry-run',
  ]);
}

/** The flags of `build`, of which one has another meaning elsewhere. */
type BuildFlags = Omit<Flags, 'delete'> & {readonly delete?: readonly string[]};

const EXAMPLES = `Examples:
  imgmgr build --images images/built.yml --force --filter "Debian 12" --output .
  imgmgr build --cloud admin --upload
  imgmgr build --diff old.manifest.json new.manifest.json
  imgmgr build --delete "Built Debian 12" --yes
`;

function reportOf({upload, dryRun = false}: Flags): ReportChoice {
  return upload === true ? {dryRun, counted: BUILD_AND_UPLOAD, ...(!dryRun && {answers: 'ids'})} : {dryRun};
}

function manifestsOf({diff}: Flags): CompareManifestsRequest | undefined {
  if (!diff) return undefined;
  const [old, now, ...more] = diff;
  if (old !== undefined && now !== undefined && more.length === 0) return {old, new: now};
  throw new ImgmgrError('USAGE', `--diff takes two manifests, not ${diff.length}`, {
    hint: 'imgmgr build --diff OLD NEW',
  });
}

function refuseStrays({upload = false, output, cloud, dryRun, convert, yes = false}: Flags): void {
  const stray = cloud ? '--cloud' : dryRun === true ? '--dry-run' : undefined;
  if (!upload && stray !== undefined)
    throw new ImgmgrError('USAGE', `${stray} means nothing where nothing is uploaded`, {hint: 'add --upload'});
  if (yes)
    throw new ImgmgrError('USAGE', '--yes means nothing where nothing is deleted', {hint: 'add --delete BUILDS'});
  if (upload && output !== undefined)
    throw new ImgmgrError('USAGE', '--upload and --output are both given', {
      hint: 'build with --output first; --upload then uses the same build again',
    });
  if (!upload && output === undefined && convert !== undefined)
    throw new ImgmgrError('USAGE', '--convert means nothing where the image goes nowhere', {
      hint: 'add --output FOLDER or --upload; the build itself stays as its definition says',
    });
}

type General = ReturnType<typeof toInvocation>;

/** Nothing is built, so there is nothing to keep in the history. */
function comparison(general: General, request: CompareManifestsRequest): Invocation<CompareManifestsRequest> {
  const {command, output, report, allowPrivateSources, readsStdin} = general;
  const load = async () => (await import('../../app/compare-manifests.ts')).compareManifests;
  return {command, output, report, allowPrivateSources, readsStdin, request, load};
}

/** What means something beside --delete; everything else is about builds to be made. */
const BESIDE_DELETE: ReadonlySet<string> = new Set([
  ...['delete', 'yes', 'dryRun', 'keepHistory'],
  ...['format', 'json', 'quiet', 'verbose', 'debug', 'color'],
]);

function deletion(general: General, targets: readonly string[], command: Command): Invocation<DeleteBuildsRequest> {
  const stray = command.options.find(
    (option) =>
      !BESIDE_DELETE.has(option.attributeName()) && command.getOptionValueSource(option.attributeName()) === 'cli',
  );
  if (stray)
    throw new ImgmgrError('USAGE', `${stray.long ?? ''} means nothing beside --delete`, {
      hint: 'imgmgr build --delete NAME|ID…',
    });
  const {yes = false} = command.opts<Flags>();
  const {dryRun} = general.report;
  return {
    ...general,
    report: {dryRun, counted: DELETE_BUILDS},
    request: {targets, yes, dryRun},
    load: async () => (await import('../../app/delete-builds.ts')).deleteBuilds,
  };
}

function build(general: General, flags: Flags): Invocation<BuildRequest> {
  const {convert, limits, importTimeoutMs} = toAcquire(flags);
  const {arch, output, shard} = flags;
  return {
    ...general,
    request: {
      definitions: toDefinitions(flags),
      ...(arch !== undefined && {arch}),
      ...(shard && {shard}),
      builds: toBuilds(flags),
      ...(output !== undefined && {output}),
      copy: {importTimeoutMs, ...(convert && {convert}), ...(limits && {limits})},
    },
    load: async () => (await import('../../app/build.ts')).build,
  };
}

function buildAndUpload(general: General, flags: Flags): Invocation<BuildAndUploadRequest> {
  const {dryRun} = general.report;
  const {arch} = flags;
  return {
    ...general,
    request: {
      ...toClouds(flags),
      ...toEachCloud(flags, (of) => ({run: toRun(of), acquire: toAcquire(of), tests: toTests(of)})),
      definitions: toDefinitions(flags),
      ...(arch !== undefined && {arch}),
      run: toRun(flags),
      dryRun,
      acquire: toAcquire(flags),
      builds: toBuilds(flags),
      tests: toTests(flags),
    },
    load: async () => (await import('../../app/build-and-upload.ts')).buildAndUpload,
  };
}
