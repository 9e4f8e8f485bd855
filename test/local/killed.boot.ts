import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readdirSync, readlinkSync} from 'node:fs';
import {mkdtemp, rm, truncate, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {createLocal} from '../../src/local/local-cloud.ts';
import {hasQemu} from '../unit/local/qemu/tools.ts';

const CHILD = new URL('../unit/local/qemu/child-abandoning.ts', import.meta.url).pathname;
const withQemu = hasQemu('that a killed imgmgr leaves nothing unlisted');
let folder = '';

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-killed-'));
  await writeFile(join(folder, 'empty.raw'), '');
  await truncate(join(folder, 'empty.raw'), 1024 * 1024);
});
afterAll(() => rm(folder, {recursive: true, force: true}));

/** Processes that work in a folder below. */
function processesIn(dir: string): string[] {
  return readdirSync('/proc').filter((pid) => {
    try {
      return /^\d+$/.test(pid) && readlinkSync(`/proc/${pid}/cwd`).startsWith(dir);
    } catch {
      return false;
    }
  });
}

it.skipIf(!withQemu)('kill -9 at any moment leaves only what the next run lists, and takes away', async () => {
  let found = 0;
  for (let afterMs = 0; afterMs < 900; afterMs += 45) {
    const dir = await mkdtemp(join(folder, 'store-'));
    const child = spawn(process.execPath, [CHILD, dir, join(folder, 'empty.raw')], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    // From its first word on, which comes when Node has read it: that takes as long as the machine is busy.
    await once(child.stdout, 'data');
    const timer = setTimeout(() => child.kill('SIGKILL'), afterMs);
    await once(child, 'exit');
    clearTimeout(timer);
    // A tool that had been started is given the time to be what it will be.
    await new Promise((resolve) => setTimeout(resolve, 200));
    const {tests} = createLocal({dir});
    const left = await tests.leftovers();
    found += left.length;
    for (const one of left) await tests.removeLeftover(one);
    expect(processesIn(dir), `killed after ${afterMs} ms`).toEqual([]);
    expect(readdirSync(dir).includes('servers') ? readdirSync(join(dir, 'servers')) : []).toEqual([]);
  }
  expect(found).toBeGreaterThan(0);
});
