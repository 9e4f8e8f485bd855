import {resolve} from 'node:path';
import type {ImageStore} from '../cloud/image-store.ts';
import type {ServerHost} from '../cloud/server-host.ts';
import type {TestServerHost} from '../cloud/test-server-host.ts';
import type {Exec} from '../exec.ts';
import {LocalImageStore} from './image-store.ts';
import {createLocalTestServers} from './qemu/test-servers.ts';
import {noServers} from './server-host.ts';

/** The local cloud's folder, and what its test servers need. */
export interface LocalOptions {
  /** Need not exist: it is made by the first write. */
  readonly dir: string;
  /** Default: the tools of this process's own PATH. */
  readonly exec?: () => Promise<Exec>;
  /** Files of images that are not in the store but can be booted, by image id. */
  readonly files?: ReadonlyMap<string, string>;
}

/** The cloud that is a folder of this machine, with QEMU for its test servers. */
export function createLocal({dir, exec = ownExec, files}: LocalOptions): {
  readonly store: ImageStore;
  readonly servers: ServerHost;
  readonly tests: TestServerHost;
} {
  const root = resolve(dir);
  return {
    store: new LocalImageStore(root),
    servers: noServers,
    tests: createLocalTestServers({dir: root, exec, ...(files && {files})}),
  };
}

async function ownExec(): Promise<Exec> {
  const {createExec} = await import('../exec.ts');
  return createExec(process.env);
}
