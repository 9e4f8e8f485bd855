/**
 * A process that takes a store below argv[2] through its life, and before each of its calls that change the disk copies argv[2]
 * to argv[3]/<number>-<call>: what a SIGKILL at that instant would leave, once this process is gone. With argv[4], `remove`, it removes
 * the builds that are there.
 */
import {cpSync} from 'node:fs';
import type {FileHandle} from 'node:fs/promises';
import fs from 'node:fs/promises';
import {syncBuiltinESMExports} from 'node:module';
import {join} from 'node:path';
import {finishBuilds, live} from './artifact-samples.ts';

const [, , dir = '', copies = '', deed] = process.argv;
const builds = deed === 'remove' ? [] : await finishBuilds(dir);
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
for (const name of ['mkdir', 'open', 'link', 'rename', 'rm']) watch(fs, name);
for (const name of ['writeFile', 'sync']) watch(handles, name);
syncBuiltinESMExports();

if (deed === 'remove') {
  const {createBuildArchive} = await import('../../../src/build/archive.ts');
  const archive = createBuildArchive(dir);
  for (const build of await archive.list([])) await archive.remove(build);
} else {
  const {createArtifactStore} = await import('../../../src/build/artifact-store.ts');
  await live(createArtifactStore({folder: join(dir, 'artifacts'), damaged: () => undefined}), builds);
}
