import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, it, onTestFinished, vi} from 'vitest';
import {createExec} from '../../../../src/exec.ts';
import {FILES} from '../../../../src/local/qemu/machine.ts';
import {startMachine} from '../../../../src/local/qemu/runner.ts';

/** What is seen of a QEMU that says this and ends with 1. */
async function endedWith(said: string) {
  const folder = await mkdtemp(join(tmpdir(), 'imgmgr-test-'));
  onTestFinished(() => rm(folder, {recursive: true, force: true}));
  await writeFile(join(folder, FILES.console), '');
  const machine = startMachine({
    ...{exec: createExec(process.env), folder},
    ...{command: 'sh', args: ['-c', 'printf %s "$0" >&2; exit 1', said]},
  });
  return vi.waitUntil(async () => {
    const state = await machine.look();
    return state.kind === 'error' ? state : undefined;
  });
}

it.each([
  ['qemu-system-x86_64: -blockdev: Image is not in qcow2 format', 'image'],
  ['qcow2: Image is corrupt; cannot be opened read/write', 'image'],
  ['qemu-system-x86_64: could not write: Disk quota exceeded', 'quota'],
  ['qemu-system-x86_64: cannot set up guest memory: Cannot allocate memory', undefined],
])('a QEMU that says "%s" was ended by: %s', async (said, cause) => {
  const state = await endedWith(said);
  expect(state.fault).toBe(`QEMU ended with 1: ${said}`);
  expect(state.cause).toBe(cause);
});
