import {stat} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {writeStandIns} from '../../../src/build/stand-ins.ts';
import {createExec} from '../../../src/exec.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();
const exec = createExec({PATH: process.env['PATH']});

describe('the stand-ins', () => {
  it.each(['kpartx', 'dmsetup', 'sudo'])('have a %s that is a program without a slip of the pen', async (name) => {
    await writeStandIns(folder.path());
    const path = join(folder.path(), name);
    expect((await stat(path)).mode & 0o777).toBe(0o755);
    expect(await exec.run('bash', ['-n', path])).toEqual({exitCode: 0, stdout: '', stderr: ''});
  });
});
