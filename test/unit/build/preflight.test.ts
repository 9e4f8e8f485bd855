import {mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {lookAtHost, preflight} from '../../../src/build/preflight.ts';
import {createExec} from '../../../src/exec.ts';
import {failure} from './failure.ts';
import {useFolder} from './folder.ts';

const folder = useFolder();
const exec = createExec({PATH: process.env['PATH']});

describe('the look at this host', () => {
  it('finds programs on the PATH of the build, and nothing else', async () => {
    const bin = join(folder.path(), 'bin');
    await mkdir(join(bin, 'sfdisk'), {recursive: true});
    await writeFile(join(bin, 'qemu-img'), '', {mode: 0o755});
    await writeFile(join(bin, 'debootstrap'), '', {mode: 0o644});
    const {tools} = await lookAtHost({exec, path: `/nonexistent::${bin}`, workRoot: '/'});
    expect([...tools]).toEqual(['qemu-img']);
  });

  it('measures the space where work folders will be made, also before that is there', async () => {
    const look = await lookAtHost({exec, path: '', workRoot: join(folder.path(), 'not', 'yet')});
    expect(look.workRoot).toBe(join(folder.path(), 'not', 'yet'));
    expect(look.freeBytes).toBeGreaterThan(0);
  });

  it('tells whose root we are and which machine this is', async () => {
    const look = await lookAtHost({exec, path: '', workRoot: '/'});
    expect(look.root).toBe(process.getuid?.() === 0);
    expect(look.machine).toBe((await exec.run('uname', ['-m'])).stdout.trim());
  });
});

describe('the preflight', () => {
  it('throws what the look leads to', async () => {
    const wants = {spec: {environment: {}, formats: ['qcow2']}, machine: 'x86_64', elements: []} as const;
    const error = await failure(preflight({exec, path: '', workRoot: '/', wants}));
    expect(error.code).toBe('UNSUPPORTED');
    expect(error.hint).toContain('apt install');
  });
});
