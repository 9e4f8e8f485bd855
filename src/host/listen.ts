import type {AddressInfo, Server} from 'node:net';
import {ImgmgrError} from '../errors.ts';
import {codeOf} from './fs-error.ts';

/** Where a server is to listen; 0: any free port. */
export interface ListenPlace {
  readonly host: string;
  readonly port: number;
  /** The flag that says so. */
  readonly flag: string;
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'is taken by another process',
  EACCES: 'may not be used by this user',
  EADDRNOTAVAIL: 'is no address of this host',
  ENOTFOUND: 'is a name that nobody knows',
};

/** Listens; the answer is the port. USAGE, with the flag, where the address is not ours or taken. */
export async function listenOn(server: Server, {host, port, flag}: ListenPlace): Promise<number> {
  try {
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen({host, port}, () => {
        server.off('error', reject);
        resolve();
      });
    });
  } catch (cause) {
    const code = codeOf(cause);
    const address = `${host.includes(':') ? `[${host}]` : host}:${port}`;
    throw new ImgmgrError('USAGE', `${flag} ${address} ${REASONS[code] ?? `cannot be used (${code})`}`, {
      cause,
      hint: `name another address or port: ${flag} HOST:PORT`,
    });
  }
  // Accepting may fail later on (no file descriptor left), which is no reason to die.
  server.on('error', () => undefined);
  return (server.address() as AddressInfo).port;
}
