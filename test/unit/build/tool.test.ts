import {mkdir, symlink, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {describe, expect, it} from 'vitest';
import {findDib} from '../../../src/build/tool.ts';
import {createExec} from '../../../src/exec.ts';
import {failure} from './failure.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();
const exec = createExec({PATH: process.env['PATH']});
const FAKE = fileURLToPath(new URL('../../fakes/disk-image-create', import.meta.url));

async function script(path: string, text: string): Promise<string> {
  await mkdir(join(path, '..'), {recursive: true});
  await writeFile(path, text, {mode: 0o755});
  return path;
}

/** An installation whose Python answers with its own path as the folder of elements. */
async function install(bin: string, head: (python: string) => string): Promise<string> {
  const python = await script(
    join(bin, 'python3.11'),
    `#!/bin/sh\necho "{\\"version\\": \\"1.2\\", \\"elements\\": \\"$0\\"}"\n`,
  );
  return script(join(bin, 'disk-image-create'), `${head(python)}\n`);
}

describe('diskimage-builder', () => {
  it('is found on the PATH, past folders without it', async () => {
    const tool = await findDib({exec, env: {PATH: `/nonexistent::relative:${FAKE}`}});
    expect(tool).toEqual({command: `${FAKE}/disk-image-create`, version: '3.43.0', elements: `${FAKE}/elements`});
  });

  it('is found by the virtual environment that IMGMGR_DIB names', async () => {
    const bin = join(folder.path(), 'venv', 'bin');
    const command = await install(bin, (python) => `#!${python}`);
    expect(await findDib({exec, env: {IMGMGR_DIB: join(folder.path(), 'venv'), PATH: FAKE}})).toEqual({
      command,
      version: '1.2',
      elements: join(bin, 'python3.11'),
    });
  });

  it('is found by the program that IMGMGR_DIB names, also through a link', async () => {
    const command = await install(join(folder.path(), 'bin'), (python) => `#!${python}`);
    const link = join(folder.path(), 'dib');
    await symlink(command, link);
    expect(await findDib({exec, env: {IMGMGR_DIB: link}})).toMatchObject({command: link, version: '1.2'});
  });

  it.each<[string, (python: string) => string]>([
    ['a blank after #!', (python) => `#! ${python}`],
    ['a path with blanks', (python) => `#!/bin/sh\n'''exec' "${python}" "$0" "$@"`],
    ['a long path', (python) => `#!/bin/sh\n'''exec' ${python} "$0" "$@"`],
  ])('is asked by its own Python: %s', async (_, head) => {
    const bin = join(folder.path(), _ === 'a path with blanks' ? 'with blanks' : 'plain');
    const command = await install(bin, head);
    expect(await findDib({exec, env: {IMGMGR_DIB: command}})).toMatchObject({elements: join(bin, 'python3.11')});
  });

  it('that is missing is told with both ways to install it', async () => {
    const error = await failure(findDib({exec, env: {PATH: '/nonexistent'}}));
    expect([error.code, error.message]).toEqual(['UNSUPPORTED', 'diskimage-builder is not installed']);
    expect(error.hint).toContain('apt install python3-diskimage-builder');
    expect(error.hint).toContain('IMGMGR_DIB=DIR');
  });

  it('that is not where IMGMGR_DIB says is told', async () => {
    const error = await failure(findDib({exec, env: {IMGMGR_DIB: folder.path(), PATH: FAKE}}));
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.message).toContain(`${folder.path()}/bin/disk-image-create is no program`);
  });

  it('that does not work is told with the last word of its Python', async () => {
    const bin = join(folder.path(), 'bin');
    await script(
      join(bin, 'python3'),
      '#!/bin/sh\necho Traceback >&2\necho "ModuleNotFoundError: No module named pbr" >&2\nexit 1\n',
    );
    const command = await script(join(bin, 'disk-image-create'), `#!${bin}/python3\n`);
    const error = await failure(findDib({exec, env: {IMGMGR_DIB: command}}));
    expect([error.code, error.message]).toEqual([
      'UNSUPPORTED',
      `diskimage-builder of ${command} does not work: ModuleNotFoundError: No module named pbr`,
    ]);
  });
});
