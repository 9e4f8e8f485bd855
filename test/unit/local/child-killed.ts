/**
 * A process that rotates an image in the store of argv[2] and kills itself (SIGKILL) before its argv[3]-th call that
 * changes the disk. Prints the call's name first, or `done` when there were fewer.
 */
import type {FileHandle} from 'node:fs/promises';
import fs from 'node:fs/promises';
import {writeSync} from 'node:fs';
import {syncBuiltinESMExports} from 'node:module';

const [, , dir = '', fatal = '0'] = process.argv;
let calls = 0;

function strike(name: string): void {
  calls++;
  if (calls !== Number(fatal)) return;
  writeSync(1, name);
  process.kill(process.pid, 'SIGKILL');
}

function watch(target: object, name: string): void {
  const original = Reflect.get(target, name) as (...given: unknown[]) => unknown;
  Reflect.set(target, name, function (this: unknown, ...given: unknown[]): unknown {
    strike(name);
    return Reflect.apply(original, this, given);
  });
}

const handle = await fs.open('/dev/null');
const handles = Object.getPrototypeOf(handle) as FileHandle;
await handle.close();
for (const name of ['mkdir', 'writeFile', 'open', 'rename', 'rm', 'rmdir', 'unlink']) watch(fs, name);
for (const name of ['write', 'writeFile', 'sync']) watch(handles, name);
syncBuiltinESMExports();

const {createLocal} = await import('../../../src/local/local-cloud.ts');
const {rotate} = await import('./rotation.ts');
await rotate(createLocal({dir}).store);
writeSync(1, 'done');
