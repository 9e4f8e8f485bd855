/**
 * A process that rotates an image in the store of argv[2], and before each of its calls that change the disk copies the
 * store to argv[3]/<number>-<call>: what a SIGKILL at that instant would leave, once this process is gone.
 */
import {cpSync} from 'node:fs';
import type {FileHandle} from 'node:fs/promises';
import fs from 'node:fs/promises';
import {syncBuiltinESMExports} from 'node:module';
import {join} from 'node:path';

const [, , dir = '', copies = ''] = process.argv;
let calls = 0;

function watch(target: object, name: string): void {
  const original = Reflect.get(target, name) as (...given: unknown[]) => unknown;
  Reflect.set(target, name, function (this: unknown, ...given: unknown[]): unknown {
    calls++;
    cpSync(dir, join(copies, `${String(calls).padStart(3, '0')}-${name}`), {recursive: true});
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
