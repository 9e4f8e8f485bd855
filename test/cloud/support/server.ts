import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';
import {expect} from 'vitest';
import type {RealCompute} from './compute.ts';

/** A server as a user of the cloud makes one: with a key of theirs, no user data, nothing of imgmgr's. */
export interface UserServer {
  /** Runs a command on it over SSH, and gives what it printed; throws where it cannot log in or the command fails. */
  run(command: string): Promise<string>;
}

/** What such a server is made from: Glance's id of a Debian image, the path of a private key, and the text of its public half. */
export interface UserServerOptions {
  readonly image: string;
  readonly key: string;
  readonly publicKey: string;
}

/** A disk of 10 GB; the user is Debian's. */
const USERS = {flavor: 'SCS-1V-2-10', network: 'lab-net', login: 'debian'} as const;

/** Several times what a guest takes that is emulated on a quiet machine. */
const BOOT_MS = 900_000;

/** Makes the server, waits until SSH lets the key in, lends it to the work, and removes all that was made for it. */
export async function withUserServer<T>(
  compute: RealCompute,
  setting: UserServerOptions,
  work: (server: UserServer) => Promise<T>,
): Promise<T> {
  const made = await compute.makeServer({...USERS, ...setting});
  try {
    const {address} = made;
    const server = {run: (command: string) => ssh({...USERS, ...setting, address}, command)};
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
  const options = ['BatchMode=yes', 'StrictHostKeyChecking=no', 'UserKnownHostsFile=/dev/null', 'ConnectTimeout=60'];
  const args = [...options.flatMap((each) => ['-o', each]), '-o', 'IdentitiesOnly=yes', '-o', 'LogLevel=ERROR'];
  const {stdout} = await execa('ssh', ['-F', 'none', ...args, '-i', key, `${login}@${address}`, command], {
    timeout: 300_000,
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

/** The root has grown to the flavor's 10 GB, the cloud's key and no other lets in, and the agent has never run. */
export async function looksAsUsersWant(server: UserServer, publicKey: string): Promise<void> {
  const bytes = Number((await server.run('df --output=size -B1 / | tail -1')).trim());
  expect(bytes).toBeGreaterThan(9e9);
  expect((await server.run('cat ~/.ssh/authorized_keys')).trim()).toBe(publicKey);
  expect(await server.run('sudo cat /root/.ssh/authorized_keys 2>/dev/null || true')).not.toMatch(/^ssh-/m);
  expect(await server.run('sudo sshd -T | grep -x "passwordauthentication .*"')).toBe('passwordauthentication no');
  const unit = await server.run('systemctl show -p LoadState,ActiveState,ConditionResult,ExecMainPID imgmgr-agent');
  expect(unit.split('\n').sort()).toEqual([
    'ActiveState=inactive',
    'ConditionResult=no',
    'ExecMainPID=0',
    'LoadState=loaded',
  ]);
  expect(await server.run('pgrep -f imgmgr-agen[t] || echo none')).toBe('none');
  // What the unit's condition says is all that the journal knows of it; systemd 257 words it in another way.
  const said = await server.run('sudo journalctl -b -q -o cat -u imgmgr-agent');
  expect(said.replaceAll(/.*\bskipped\b.* unmet condition check.*\n?/g, '')).toBe('');
}
