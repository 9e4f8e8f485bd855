import type {Command} from 'commander';
import type {ShowRequest} from '../../app/show.ts';
import type {Flags} from '../flags.ts';
import {addPlaceFlags, allFlags, PROFILE_TEXT} from '../flags.ts';
import {addCommand} from '../help-layout.ts';
import type {Execute, Invocation} from '../invocation.ts';
import {toClouds, toInvocation, toProfile} from '../options.ts';
import {word} from '../parse.ts';

/** `imgmgr show NAME|ID`: everything that is known of one definition or image; login and reads alone. */
export function addShow(program: Command, execute: Execute): void {
  const command = addCommand(program, 'show', 'Every day')
    .argument('<name>', 'the name of a definition, or the id or name of an image', word('<name>'))
    .description('everything that is known of one definition or image')
    .addHelpText('before', EXAMPLES);
  addPlaceFlags(command)
    .optionsGroup('Showing:')
    .option('--profile <name>', PROFILE_TEXT, word('--profile'))
    .option('--servers', 'also which servers use the images, by project where the role allows')
    .action(async (name: string) => execute(showInvocation(name, allFlags(command))));
}

function showInvocation(target: string, flags: Flags): Invocation<ShowRequest> {
  return {
    ...toInvocation('show', flags),
    request: {
      ...toClouds(flags),
      target,
      definitions: {images: flags.images ?? []},
      profile: toProfile(flags),
      servers: flags.servers ?? false,
    },
    load: async () => (await import('../../app/show.ts')).show,
  };
}

const EXAMPLES = `Examples:
  imgmgr show "Debian 13" --cloud prod-a
  imgmgr show 6c1d0a3e-5f0b-4f0e-9a70-2f3f0c9f6f11 --cloud prod-a --servers
`;
