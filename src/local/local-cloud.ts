import {resolve} from 'node:path';
import type {ImageStore} from '../cloud/image-store.ts';
import type {ServerHost} from '../cloud/server-host.ts';
import {LocalImageStore} from './image-store.ts';
import {noServers} from './server-host.ts';

/** The cloud that is a folder of this machine. The folder need not exist: it is made by the first write. */
export function createLocal(options: {readonly dir: string}): {
  readonly store: ImageStore;
  readonly servers: ServerHost;
} {
  return {store: new LocalImageStore(resolve(options.dir)), servers: noServers};
}
