import {resolve} from 'node:path';
import type {ImageStore} from '../ports/image-store.ts';
import type {ServerHost} from '../ports/server-host.ts';
import type {TestServerHost} from '../ports/test-server-host.ts';
import type {Exec} from '../exec.ts';
import {LocalImageStore} from './image-store.ts';
import type {LocalTestServerOptions} from './qemu/test-servers.ts';
import {createLocalTestServers} from './qemu/test-servers.ts';

/** What the local cloud is made from: its folder, which the first write makes; without `exec`, tools of this process's own PATH. */
export type LocalOptions = Omit<LocalTestServerOptions, 'exec'> & Partial<Pick<LocalTestServerOptions, 'exec'>>;

/** The cloud that is a folder of this machine, with QEMU for its test servers. */
export function createLocal(options: LocalOptions): {
  readonly store: ImageStore;
  readonly servers: ServerHost;
  readonly tests: TestServerHost;
} {
  const dir = resolve(options.dir);
  return {
    store: new LocalImageStore(dir),
    // It keeps no servers, so no image of it is ever in use.
    servers: {imageUses: ({ids}) => Promise.resolve(new Map(ids.map((id) => [id, {kind: 'no-service'}])))},
    tests: createLocalTestServers({exec: ownExec, ...options, dir}),
  };
}

async function ownExec(): Promise<Exec> {
  const {createExec} = await import('../exec.ts');
  return createExec(process.env);
}
