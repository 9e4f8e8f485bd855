import type {Command} from 'commander';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {addAcquireFlags, addBuildFlags, addRunFlags, addSelectionFlags, addVerifyFlags, allFlags} from '../flags.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toInvocation} from '../options.ts';
import {oneOf, word} from '../parse.ts';

/** `imgmgr build`: makes the images of definitions with `build:` on this host; `--upload` goes on to Glance. */
export function addBuild(program: Command, execute: Execute): void {
  const command = program
    .command('build')
    .description('build images with diskimage-builder; leaves image, manifest and log; --upload goes on to Glance')
    .addHelpText('before', EXAMPLES);
  addRunFlags(addVerifyFlags(addAcquireFlags(addBuildFlags(addSelectionFlags(command)))))
    .optionsGroup('Building:')
    .option('--output <folder>', 'copy image and manifest there', word('--output'))
    .option('--upload', 'go on as manage does: upload, verify, publish')
    .option('--arch <machine>', 'only definitions of this architecture', oneOf('--arch', ['x86_64', 'aarch64']))
    .option('--diff <manifests...>', 'build nothing; say what changed between two manifests')
    .option('--dry-run', 'with --upload: only say what would be done')
    .action(async () => {
      const flags = allFlags(command);
      return execute({...toInvocation({command: 'build', flags}), buildOnly: toBuildOnly(flags)});
    });
}

const EXAMPLES = `Examples:
  imgmgr build --images images/built.yml --force --filter "Debian 12" --output .
  imgmgr build --cloud admin --upload
  imgmgr build --diff old.manifest.json new.manifest.json
`;

function toBuildOnly(flags: Flags): NonNullable<Invocation['buildOnly']> {
  const {upload = false, output, arch, diff, cloud, dryRun, convert} = flags;
  const [old, now, ...more] = diff ?? [];
  if (diff && (old === undefined || now === undefined || more.length > 0))
    throw new ImgmgrError('USAGE', `--diff takes two manifests, not ${diff.length}`, {
      hint: 'imgmgr build --diff OLD NEW',
    });
  const stray = cloud ? '--cloud' : dryRun === true ? '--dry-run' : undefined;
  if (!upload && stray !== undefined)
    throw new ImgmgrError('USAGE', `${stray} means nothing where nothing is uploaded`, {hint: 'add --upload'});
  if (upload && output !== undefined)
    throw new ImgmgrError('USAGE', '--upload and --output are both given', {
      hint: 'build with --output first; --upload then uses the same build again',
    });
  if (!upload && output === undefined && convert !== undefined)
    throw new ImgmgrError('USAGE', '--convert means nothing where the image goes nowhere', {
      hint: 'add --output FOLDER or --upload; the build itself stays as its definition says',
    });
  return {
    upload,
    ...(output !== undefined && {output}),
    ...(arch !== undefined && {arch}),
    ...(old !== undefined && now !== undefined && {diff: [old, now] as const}),
  };
}
