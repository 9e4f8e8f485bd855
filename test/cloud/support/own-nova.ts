import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';
import {execa} from 'execa';

const LAB = process.env['LAB'] ?? '/opt/openstack-lab';
const START_MS = 120_000;

/** Options of the section `DEFAULT` of nova.conf. */
export type NovaOptions = Readonly<Record<string, string | number>>;

/**
 * A second Nova API on the databases, the scheduler and the hypervisor of the one-node OpenStack, with other options than the first:
 * lent to the work by its URL, and stopped. The tests beside this one keep the first.
 */
export async function withOwnNova<T>(options: NovaOptions, work: (url: string) => Promise<T>): Promise<T> {
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-own-nova-'));
  const port = await freePort();
  const lines = Object.entries({...options, osapi_compute_listen_port: port, enabled_apis: 'osapi_compute'});
  await writeFile(
    join(dir, 'nova.conf'),
    `[DEFAULT]\n${lines.map(([key, value]) => `${key} = ${value}`).join('\n')}\n`,
  );
  const args = ['--config-file', join(LAB, 'etc/nova.conf'), '--config-file', join(dir, 'nova.conf')];
  // Its worker is a process of its own, so the whole group is stopped.
  const child = execa('nova-api', args, {detached: true, reject: false, stdio: ['ignore', 'ignore', 'pipe']});
  try {
    const url = `http://127.0.0.1:${port}/v2.1`;
    const ended = child.then(({stderr}) => {
      throw new Error(`nova-api ended: ${stderr.slice(-2000)}`);
    });
    await Promise.race([answers(url), ended]);
    ended.catch(() => undefined);
    return await work(url);
  } finally {
    stopGroup(child.pid);
    await child;
    await rm(dir, {recursive: true, force: true});
  }
}

function stopGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGTERM');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}

async function answers(url: string): Promise<void> {
  for (const endMs = performance.now() + START_MS; performance.now() < endMs;) {
    const answer = await fetch(url).catch(() => undefined);
    if (answer !== undefined && answer.status < 500) return;
    await sleep(500);
  }
  throw new Error(`nova-api did not answer within ${START_MS / 1000} s`);
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}
