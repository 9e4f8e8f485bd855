import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import type {RealCompute} from './compute.ts';

/** A server as a user of the cloud makes one: with a key of theirs, no user data, nothing of imgmgr's. */
export interface UserServer {
  /** Runs a command on it over SSH, and gives what it printed; throws where it cannot log in or the command fails. */
  run(command: string): Promise<string>;
}

/** What such a server is made from; `key` is the path of a private key whose public half lies beside it (`.pub`). */
export interface UserServerWish {
  readonly image: string;
  readonly flavor: string;
  readonly network: string;
  readonly login: string;
  readonly key: string;
  readonly publicKey: string;
}

const BOOT_MS = 420_000;

/** Makes the server, waits until SSH lets the key in, lends it to the work, and removes all that was made for it. */
export async function withUserServer<T>(
  compute: RealCompute,
  wish: UserServerWish,
  work: (server: UserServer) => Promise<T>,
): Promise<T> {
  const made = await compute.makeServer(wish);
  try {
    const {address} = made;
    const server = {run: (command: string) => ssh({...wish, address}, command)};
    await loggedIn(server);
    return await work(server);
  } finally {
    await made.remove();
  }
}

async function ssh(
  {key, login, address}: {readonly key: string; readonly login: string; readonly address: string},
  command: string,
): Promise<string> {
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=10'];
  const args = [...options.flatMap((each) => ['-o', each]), '-o', 'IdentitiesOnly=yes', '-o', 'LogLevel=ERROR'];
  const {stdout} = await execa('ssh', ['-F', 'none', ...args, '-i', key, `${login}@${address}`, command], {
    timeout: 60_000,
  });
  return stdout;
}

async function loggedIn(server: UserServer): Promise<void> {
  const endMs = performance.now() + BOOT_MS;
  for (;;) {
    try {
      // Answers once cloud-init is through, whatever it says of itself.
      await server.run('cloud-init status --wait >/dev/null || true');
      return;
    } catch (error) {
      if (performance.now() > endMs) throw error;
      await sleep(3000);
    }
  }
}
