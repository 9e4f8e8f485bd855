import type {Command} from 'commander';
import type {ExportRequest} from '../../app/export.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Flags} from '../flags.ts';
import {addCloudFlags, allFlags} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toClouds, toInvocation} from '../options.ts';
import {word} from '../parse.ts';

/** `imgmgr export NAME FILE|oci://…`: the bytes of one image, out of the cloud; nothing there is changed. */
export function addExport(program: Command, execute: Execute): void {
  const command = addCommand(program, 'export', 'One image')
    .argument('<name>', 'the name of a definition, or the id or name of an image', word('<name>'))
    .argument('<target>', 'a file, or oci://registry/repository[:tag]', word('<target>'))
    .description('write one image of a cloud to a file, or to a container registry')
    .addHelpText('before', EXAMPLES);
  addCloudFlags(command)
    .optionsGroup('Exporting:')
    .option(
      '--image-version <version>',
      'a version of the definition; default: the current one',
      word('--image-version'),
    )
    .option('--force', 'replace a file that is there')
    .action(async (name: string, target: string) => execute(exportInvocation(name, target, allFlags(command))));
}

function exportInvocation(name: string, to: string, flags: Flags): Invocation<ExportRequest> {
  if (to === '-')
    throw new ImgmgrError('USAGE', 'export writes no image to stdout: its bytes are compared before the file appears', {
      hint: 'name a file',
    });
  return {
    ...toInvocation('export', flags),
    request: {
      ...toClouds(flags),
      image: {target: name, ...(flags.imageVersion !== undefined && {version: flags.imageVersion})},
      to,
      force: flags.force ?? false,
    },
    load: async () => (await import('../../app/export.ts')).exportImages,
  };
}

const EXAMPLES = `Examples:
  imgmgr export "Debian 13" ./debian-13.qcow2 --cloud prod-a
  imgmgr export "Debian 13" oci://registry.example.org/images/debian:13 --cloud prod-a
  imgmgr export "Debian 13" ./old.qcow2 --image-version 20261018 --cloud prod-a
  imgmgr export 6c1d0a3e-5f0b-4f0e-9a70-2f3f0c9f6f11 ./disk.img --force --cloud prod-a
`;
