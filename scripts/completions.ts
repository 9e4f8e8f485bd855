import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {bashScript} from '../src/cli/completion/bash.ts';
import {fishScript} from '../src/cli/completion/fish.ts';
import {completionTree} from '../src/cli/completion/tree.ts';
import {zshScript} from '../src/cli/completion/zsh.ts';
import {TOPIC_NAMES} from '../src/cli/help.ts';
import {plainProgram} from './program.ts';

/** Writes what `imgmgr completion` prints, each script under the name by which its shell finds it. */
export async function writeCompletions(folder: string): Promise<void> {
  const tree = completionTree(plainProgram(), TOPIC_NAMES);
  await mkdir(folder, {recursive: true});
  await Promise.all([
    writeFile(join(folder, 'imgmgr.bash'), bashScript(tree)),
    writeFile(join(folder, '_imgmgr'), zshScript(tree)),
    writeFile(join(folder, 'imgmgr.fish'), fishScript(tree)),
  ]);
}
