import {spawn} from 'node:child_process';
import {readdirSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {onTestFinished} from 'vitest';
import type {ProcessId} from '../../../src/host/process.ts';
import {processStat} from '../../../src/host/process.ts';

/** A process that has ended and that its parent does not wait for, until the test is over. */
export async function startZombie(): Promise<ProcessId> {
  // The shell becomes a program that knows nothing of its child.
  const parent = spawn('sh', ['-c', 'sleep 0.01 & exec sleep 60']);
  onTestFinished(() => void parent.kill('SIGKILL'));
  for (;;) {
    for (const name of readdirSync('/proc')) {
      const stat = /^\d+$/.test(name) ? processStat(Number(name)) : undefined;
      if (stat?.parent === parent.pid && stat?.dead === true) return {pid: Number(name), startTime: stat.startTime};
    }
    await sleep(5);
  }
}
