// Answers reading requests one after the other, and says what is left of them: started by many-requests.test.ts with --expose-gc.
import {readdirSync} from 'node:fs';
import {dryRun} from '../../src/app/dry-run.ts';
import {manageInvocation} from '../../src/cli/commands/manage.ts';
import {createContext} from '../../src/compose/context.ts';
import {SecretRegistry} from '../../src/secrets/registry.ts';

const [folder = '', cloudsFile = '', warmUp = '', requests = '', end = ''] = process.argv.slice(2);
const env = {OS_CLIENT_CONFIG_FILE: cloudsFile, XDG_STATE_HOME: folder, PATH: process.env['PATH']};

/** One request as a server would answer it; how many actions are pending. */
async function answer(): Promise<number> {
  let pending = 0;
  const emit = (): void => undefined;
  const context = createContext({
    run: 'run-1',
    caller: {cwd: folder, home: folder, uid: process.getuid?.() ?? 0, env},
    now: () => new Date(),
    emit,
    abandoned: new AbortController().signal,
    allowPrivateSources: false,
    secrets: new SecretRegistry(),
  });
  const {request} = manageInvocation({cloud: ['admin'], images: ['images.yml'], verify: false});
  const control = {run: 'run-1', signal: new AbortController().signal, beginWriting: () => () => undefined};
  try {
    for await (const {counts, errors} of dryRun(request, {...context, ...control}, emit)) {
      for (const error of errors) throw error;
      pending += counts.pending;
    }
  } finally {
    if (end !== 'left-open') await context.close();
  }
  return pending;
}

interface Standing {
  readonly heap: number;
  readonly resources: readonly string[];
  readonly listeners: number;
  /** Open files and sockets, also those that do not keep the process alive. */
  readonly files: number;
}

async function standing(): Promise<Standing> {
  // Sockets that were closed are gone some turns later.
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 5));
  for (let round = 0; round < 4; round++) globalThis.gc?.();
  return {
    heap: process.memoryUsage().heapUsed,
    resources: [...process.getActiveResourcesInfo()].sort(),
    files: readdirSync('/proc/self/fd').length,
    listeners: process.eventNames().reduce((sum, name) => sum + process.listenerCount(name), 0),
  };
}

let pending = 0;
for (let n = 0; n < Number(warmUp); n++) pending += await answer();
const before = await standing();
for (let n = 0; n < Number(requests); n++) pending += await answer();
const after = await standing();
process.stdout.write(JSON.stringify({pending, before, after}), () => process.exit());
