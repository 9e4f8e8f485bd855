import {mkdir, readFile, readdir, stat} from 'node:fs/promises';
import {isDeepStrictEqual} from 'node:util';
import {needsStandIns, writeStandIns} from '../../../src/build/stand-ins.ts';
import {clearBuild} from '../../../src/build/sweep.ts';
import {findDib} from '../../../src/build/tool.ts';
import {makeWorkFolder} from '../../../src/build/work-folder.ts';
import {createExec} from '../../../src/exec.ts';
import type {Command, Ran} from '../child.ts';
import {run} from '../child.ts';
import type {HostBench} from '../measure/bench.ts';
import {imgmgr} from '../measure/bench.ts';
import type {Call} from './call-recorder.ts';
import {callIn, makeRecorder} from './call-recorder.ts';

/** Where builds are measured: a state folder with empty caches, and a folder for builds, both of the bench's own. */
export interface Workshop {
  /** `imgmgr build …`; its diskimage-builder is the recorded one when that is asked for. */
  readonly imgmgr: (args: readonly string[], recorded?: boolean) => Command;
  /** The very call that imgmgr made last, by hand, in a work folder of the same kind, with the same caches; the run of the call alone. */
  readonly bare: () => Promise<Ran>;
}

const exec = createExec(process.env);

export async function openWorkshop(bench: HostBench): Promise<Workshop> {
  const home = homeOf(bench.folder);
  // The image of the acceptance suite, or the one qcow2 image that another file defines.
  const images = process.env['BENCH_BUILD'] ?? `${bench.root}/test/cloud/debian/images.yml`;
  await clearWorkshop(bench.folder);
  await mkdir(workOf(home), {recursive: true});
  const {command} = await findDib({exec, env: process.env});
  const recorder = await makeRecorder(`${home}/recorder`, command);
  return {
    imgmgr(args, recorded = false) {
      const {argv, env} = imgmgr(bench, 'build', '--images', images, ...args);
      const places = {XDG_STATE_HOME: `${home}/state`, IMGMGR_BUILD_DIR: workOf(home)};
      return {argv, env: {...env, ...places, ...(recorded && {IMGMGR_DIB: recorder.command})}};
    },
    async bare() {
      const call = await recorder.read();
      const folder = await makeWorkFolder(workOf(home), 'the bench');
      try {
        if (await needsStandIns(exec)) await writeStandIns(folder.bin);
        const ours = callIn(folder.path, call);
        const ran = await byHand(recorder.command, ours, `${home}/bare.log`);
        if (!isDeepStrictEqual(await recorder.read(), ours))
          throw new Error('the call by hand was not the one that imgmgr made');
        await stat(`${folder.out}/image.qcow2`);
        return ran;
      } finally {
        folder.leave();
        await clear(folder.path);
      }
    },
  };
}

/** Ends, unmounts, detaches and removes whatever measured builds left, those of a killed bench as well. */
export async function clearWorkshop(folder: string): Promise<void> {
  const home = homeOf(folder);
  const left = await readdir(workOf(home)).catch(() => []);
  for (const name of left) await clear(`${workOf(home)}/${name}`);
  await exec.run('rm', ['-rf', '--one-file-system', '--', home]);
}

async function clear(folder: string): Promise<void> {
  const reason = await clearBuild(exec, folder);
  if (reason !== undefined) throw new Error(`what a build left in ${folder} could not be removed: ${reason}`);
}

/** As imgmgr starts it, its output into a file. */
async function byHand(command: string, {cwd, args, env}: Call, log: string): Promise<Ran> {
  const script = 'log=$1; shift; umask 022; exec "$@" >"$log" 2>&1';
  try {
    return await run({argv: ['env', '-i', ...env, 'sh', '-c', script, 'sh', log, command, ...args], cwd});
  } catch (error) {
    const reported = await readFile(log, 'utf8').catch(() => '');
    throw new Error(`the call by hand failed:\n${reported.slice(-3000)}`, {cause: error});
  }
}

function homeOf(folder: string): string {
  return `${folder}/build`;
}

function workOf(home: string): string {
  return `${home}/work`;
}
