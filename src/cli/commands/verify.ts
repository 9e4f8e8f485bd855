import type {Command} from 'commander';
import {addCommand, showInHelp} from '../help-layout.ts';
import {addBootFlags, addRunFlags, addSelectionFlags, allFlags} from '../flags.ts';
import {pairs, oneOf, wholeNumber} from '../parse.ts';
import type {Execute, Invocation} from '../invocation.ts';
import type {VerifyRequest} from '../../app/verify.ts';
import type {Flags} from '../flags.ts';
import {toBoot, toClouds, toDefinitions, toEachCloud, toInvocation, toRun} from '../options.ts';

/** `imgmgr verify [IMAGE…]`: boots a test server from images that are there, and says the verdicts. */
export function addVerify(program: Command, execute: Execute): void {
  const command = addCommand(program, 'verify', 'When wrong')
    .argument(
      '[images...]',
      'Glance ids or names, or local files; without: the current images of the selected definitions',
    )
    .description('boot a test server from an image, print its verdict, clean up; exit 5 when one fails')
    .addHelpText('before', EXAMPLES);
  addRunFlags(addBootFlags(addSelectionFlags(command)))
    .option('--deep', 'boot nothing: read the bytes of each image once and compare them with every known digest')
    .option('--presence', 'boot nothing: ask for the first byte of each image, and find those whose bytes are gone')
    .option('--no-record', 'store no verdict and no digest on the image')
    .optionsGroup('A local file:')
    .option(
      '--disk-format <format>',
      'qcow2, raw, …; default: by the file name',
      oneOf('--disk-format', ['qcow2', 'raw']),
    )
    .option('--min-disk <gib>', 'GiB', wholeNumber('--min-disk'))
    .option('--min-ram <mib>', 'MiB', wholeNumber('--min-ram'))
    .option('--property <key=value>', 'image property; may be repeated', pairs('--property'))
    .action(async (images: string[]) => execute(verifyInvocation(images, allFlags(command))));
  showInHelp(command, [
    '--cloud',
    '--images',
    '--filter',
    '--jobs',
    '--verify-cloud',
    '--flavor',
    '--network',
    '--deadline',
    '--ssh-key',
    '--keep-on-failure',
    '--deep',
    '--presence',
    '--no-record',
  ]);
}

function verifyInvocation(targets: readonly string[], flags: Flags): Invocation<VerifyRequest> {
  const general = toInvocation('verify', flags);
  return {
    ...general,
    report: {...general.report, answers: 'verdicts'},
    request: {
      ...toClouds(flags),
      ...toEachCloud(flags, (of) => ({run: toRun(of), boot: toBoot(of)})),
      targets,
      definitions: toDefinitions(flags),
      run: toRun(flags),
      boot: toBoot(flags),
      deep: flags.deep ?? false,
      presence: flags.presence ?? false,
      looseImage: {
        minDiskGib: flags.minDisk ?? 0,
        minRamMib: flags.minRam ?? 0,
        properties: flags.property ?? {},
        ...(flags.diskFormat !== undefined && {diskFormat: flags.diskFormat}),
      },
    },
    load: async () => (await import('../../app/verify.ts')).verify,
  };
}

const EXAMPLES = `Examples:
  imgmgr verify --cloud admin --filter Debian
  imgmgr verify --cloud admin 6c1d0a3e-5f0b-4f0e-9a70-2f3f0c9f6f11
  imgmgr verify ./debian-12.qcow2
  imgmgr verify --cloud admin --deep
  imgmgr verify --cloud admin --presence
`;
