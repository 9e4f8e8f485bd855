import {createHash} from 'node:crypto';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

const EXAMPLE = join(import.meta.dirname, '../../examples/tiny-guest');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-guest-'));
});
afterAll(async () => {
  await rm(folder, {recursive: true, force: true});
});

async function build(name: string, version: number): Promise<string> {
  const path = join(folder, name);
  await execa(join(EXAMPLE, 'build.sh'), ['--version', String(version), path]);
  return path;
}

async function digest(path: string): Promise<string> {
  return createHash('sha256')
    .update(await readFile(path))
    .digest('hex');
}

describe('the tiny guest', () => {
  it('is built to the same bytes twice, and to others in another version', async () => {
    const first = await digest(await build('first.qcow2', 1));
    expect(await digest(await build('again.qcow2', 1))).toBe(first);
    expect(await digest(await build('second.qcow2', 2))).not.toBe(first);
  });

  it('boots, gets an address and says which version it is', async () => {
    const {stdout} = await execa(join(EXAMPLE, 'boot-check.sh'), [await build('boot.qcow2', 7), '7']);
    expect(stdout).toMatch(/eth0 has [\d.]+\/\d+/);
    expect(stdout).toContain('tiny-guest, version 7');
  });

  it('does not pass its own boot check as another version', async () => {
    const path = await build('other.qcow2', 1);
    const {exitCode, stderr} = await execa(join(EXAMPLE, 'boot-check.sh'), [path, '2'], {reject: false});
    expect(exitCode).toBe(1);
    expect(stderr).toContain('is version 1, not 2');
  });
});
