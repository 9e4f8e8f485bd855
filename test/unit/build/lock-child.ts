import {appendFileSync} from 'node:fs';
import {setTimeout as sleep} from 'node:timers/promises';
import {takeHostLock} from '../../../src/build/host-lock.ts';

/** A build in a process of its own: takes the lock, writes when it began and when it ended, gives it up. */
const [folder = '', log = '', stays = ''] = process.argv.slice(2);
const lock = await takeHostLock({
  folder,
  definition: 'child',
  limitMs: 60_000,
  pollMs: 5,
  signal: new AbortController().signal,
});
appendFileSync(log, `begin ${process.pid}\n`);
await sleep(stays === 'stay' ? 600_000 : 20);
appendFileSync(log, `end ${process.pid}\n`);
await lock.release();
