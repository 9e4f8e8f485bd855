import type {Command} from 'commander';
import type {InspectRequest} from '../../app/inspect.ts';
import {DEFAULT_IMPORT_TIMEOUT_MS} from '../../app/run-options.ts';
import {DISK_FORMATS} from '../../core/format/disk-formats.ts';
import type {Flags} from '../flags.ts';
import {addLimitFlags, allFlags} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toInvocation, toLimits} from '../options.ts';
import {duration, oneOf} from '../parse.ts';

/** `imgmgr inspect IMAGE`: what an image is, and whether it is safe; no cloud. */
export function addInspect(program: Command, execute: Execute): void {
  const command = addCommand(program, 'inspect', 'One image')
    .argument('<image>', 'URL, container image (oci://…) or file')
    .description('say what an image is, what can start it, and whether it is safe; no cloud')
    .addHelpText('before', EXAMPLES)
    .optionsGroup('Inspecting:')
    .option('--whole', 'read all of it: digests, the size after unpacking, the end, the word of qemu-img')
    .option('--disk-format <format>', 'the format that it must have', oneOf('--disk-format', DISK_FORMATS))
    .option(
      '--arch <machine>',
      'of a container image for several processors: which one',
      oneOf('--arch', ['x86_64', 'aarch64']),
    )
    .option('--import-timeout <seconds>', 'deadline of it all; default: 30m', duration('--import-timeout'));
  addLimitFlags(command).action(async (address: string) =>
    execute(inspectInvocation(address, {...allFlags(command), ...command.opts<InspectFlags>()})),
  );
}

/** The flags of `inspect` besides those that other commands have, too. */
interface InspectFlags extends Flags {
  readonly whole?: boolean;
}

function inspectInvocation(address: string, flags: InspectFlags): Invocation<InspectRequest> {
  return {
    ...toInvocation('inspect', flags),
    request: {
      address,
      limits: toLimits(flags),
      whole: flags.whole ?? false,
      timeoutMs: flags.importTimeout ?? DEFAULT_IMPORT_TIMEOUT_MS,
      ...(flags.diskFormat !== undefined && {diskFormat: flags.diskFormat}),
      ...(flags.arch !== undefined && {architecture: flags.arch}),
    },
    load: async () => (await import('../../app/inspect.ts')).inspect,
  };
}

const EXAMPLES = `Examples:
  imgmgr inspect https://example.org/debian-13.qcow2
  imgmgr inspect ./appliance.ova --whole
  imgmgr inspect oci://quay.io/containerdisks/fedora:42 --arch x86_64 --json
`;
