import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {delimiter, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {execa} from 'execa';
import {describe, expect, it} from 'vitest';
import {useFolder} from './build/folder.ts';

const folder = useFolder();
const LAUNCHER = fileURLToPath(new URL('../../dist/bin/imgmgr.js', import.meta.url));

async function launch(launcher: string, nodeFolder: string, ...args: readonly string[]) {
  return execa(launcher, args, {env: {PATH: [nodeFolder, '/usr/bin', '/bin'].join(delimiter)}, extendEnv: false});
}

describe('the launcher that the build makes', () => {
  it('starts the node of the PATH with little room for new objects, and hands every argument on as it is', async () => {
    const tools = join(folder.path(), 'tools');
    await mkdir(tools);
    await writeFile(join(tools, 'node'), '#!/bin/sh\nprintf "[%s]" "$@"\n', {mode: 0o755});
    const {stdout} = await launch(LAUNCHER, tools, 'import', 'a b', '', '$HOME');
    expect(stdout).toBe(`[--max-semi-space-size=2][${LAUNCHER}][import][a b][][$HOME]`);
  });

  it('runs by itself, through a link, and as an argument of node', async () => {
    const link = join(folder.path(), 'imgmgr');
    await symlink(LAUNCHER, link);
    for (const path of [LAUNCHER, link]) {
      const {stdout} = await launch(path, dirname(process.execPath), '--version');
      expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
    }
    const {stdout} = await execa(process.execPath, [LAUNCHER, '--version']);
    expect(stdout).toMatch(/^\d+\.\d+\.\d+$/);
  });
});
