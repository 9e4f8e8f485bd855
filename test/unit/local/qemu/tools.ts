import {spawnSync} from 'node:child_process';
import {chmod, mkdir, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {TestServer, TestServerHost} from '../../../../src/ports/test-server-host.ts';
import {createExec} from '../../../../src/exec.ts';
import type {ImageGuard} from '../../../../src/local/qemu/guarded-image.ts';
import {createConverter} from '../../../../src/sources/create-converter.ts';

/** True where QEMU is installed; says on stderr what is left untested where it is not. */
export function hasQemu(what: string): boolean {
  const missing = ['qemu-system-x86_64', 'qemu-img'].filter(
    (tool) => spawnSync(tool, ['--version']).error !== undefined,
  );
  if (missing.length > 0)
    process.stderr.write(`not tested, since ${missing.join(' and ')} is not installed: ${what}\n`);
  return missing.length === 0;
}

/** A PATH with scripts in the place of tools; `#!/bin/sh` is written before each. */
export async function fakeTools(folder: string, scripts: Readonly<Record<string, string>>): Promise<string> {
  const path = join(folder, 'tools');
  await mkdir(path, {recursive: true});
  for (const [name, script] of Object.entries(scripts)) {
    await writeFile(join(path, name), `#!/bin/sh\n${script}\n`);
    await chmod(join(path, name), 0o755);
  }
  return path;
}

/** Looks until the server is as wanted, or the time is over; gives the last look. */
export async function lookUntil(of: {
  readonly host: TestServerHost;
  readonly server: TestServer;
  readonly until: () => Promise<boolean> | boolean;
  readonly limitMs?: number;
}): Promise<void> {
  const endMs = performance.now() + (of.limitMs ?? 10_000);
  while (!(await of.until())) {
    if (performance.now() > endMs)
      throw new Error(
        `not in time; last look: ${JSON.stringify(await of.host.look(of.server))}; console: ${await of.host.console(of.server)}`,
      );
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

/** Both guards, as the product has them; works in the folder. */
export function realGuard(root: string): ImageGuard {
  return createConverter({exec: createExec(process.env), root});
}
