import {execFile} from 'node:child_process';
import {existsSync} from 'node:fs';
import {chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {promisify} from 'node:util';
import {afterEach, describe, expect, it, vi} from 'vitest';
import type {ReportDesk, Ticket} from '../../../src/ports/report-desk.ts';
import type {Job} from '../../../src/core/job.ts';
import {userData} from '../../../src/verify/user-data.ts';
import {openDesk} from './callers.ts';

const run = promisify(execFile);
const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end();
});

const machine = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
const BASE = ['cat', 'chmod', 'cut', 'env', 'head', 'mkdir', 'mv', 'rm', 'rmdir', 'setsid', 'sh', 'sleep'];

async function where(tool: string): Promise<string | undefined> {
  const {stdout} = await run('sh', ['-c', `command -v ${tool} || true`]);
  return stdout.trim() || undefined;
}

function jobFor(desk: ReportDesk, ticket: Ticket, change: Partial<Job> = {}): Job {
  return {
    version: 1,
    run: 'run-1',
    token: ticket.token,
    address: `127.0.0.1:${desk.port}`,
    certificate: desk.certificate,
    server_name: desk.serverName,
    agents: desk.agents,
    deadline_seconds: 600,
    ready: `echo 'ü' "$HOME" \`id\` \\n IMGMGR_JOB`,
    off: [],
    expect: {ssh_key: null, datasources: ['metadata'], properties: {}},
    ...change,
  };
}

/** A root of its own in which only the named tools are to be found. */
async function guest(tools: readonly string[]) {
  const root = await mkdtemp(join(tmpdir(), 'imgmgr-guest-'));
  // The agent that the script has started may still be writing there.
  ends.push(() => rm(root, {recursive: true, force: true, maxRetries: 10, retryDelay: 200}));
  const path = join(root, 'bin');
  await mkdir(path);
  await writeFile(join(path, 'uname'), `#!/bin/sh\necho ${machine}\n`, {mode: 0o755});
  for (const tool of [...BASE, ...tools]) {
    const from = await where(tool);
    // A shim, as version managers make them, finds nothing in such a PATH.
    const real =
      tool === 'python3' && from ? (await run(from, ['-c', 'import sys; print(sys.executable)'])).stdout.trim() : from;
    if (real) await symlink(real, join(path, tool));
  }
  const options = {
    runFolder: join(root, 'run'),
    baked: join(root, 'baked-agent'),
    console: join(root, 'console'),
    otherFolders: root,
    systemdMark: join(root, 'no-systemd'),
    pauses: [0],
  };
  await writeFile(options.console, '');
  const execute = async (script: string, shell: readonly string[] = ['dash']) => {
    const file = join(root, 'script');
    await writeFile(file, script);
    const [program = '', ...args] = shell;
    return run((await where(program)) ?? program, [...args, file], {
      env: {PATH: path, https_proxy: 'http://127.0.0.1:1'},
    }).then(
      () => 0,
      (error: unknown) => (error as {code?: number}).code,
    );
  };
  return {root, path, options, execute, said: () => readFile(options.console, 'utf8')};
}

async function listener() {
  const opened = await openDesk();
  ends.push(opened.end);
  return {...opened, ticket: opened.desk.issue('run-1')};
}

describe('the script', () => {
  it.for([
    ['curl', ['curl', 'sha256sum'], ['dash']],
    ['curl under busybox ash', ['curl', 'sha256sum'], ['busybox', 'sh']],
    ['GNU wget', ['wget', 'openssl'], ['dash']],
    ['python3', ['python3'], ['dash']],
  ] as const)(
    'fetches the agent with %s, starts it and leaves only job and agent',
    async ([, tools, shell], context) => {
      for (const tool of [...tools, shell[0]])
        if (!(await where(tool))) return context.skip(`${tool} is not on this machine`);
      const {desk, ticket} = await listener();
      const {options, execute, said} = await guest(tools);
      const job = jobFor(desk, ticket);
      const script = userData(job, options);
      expect(script.length).toBeLessThan(16_384);
      expect([await execute(script, shell), await said()]).toEqual([0, '']);
      await vi.waitFor(
        async () => expect(await readFile(join(options.runFolder, 'imgmgr-agent.ran'), 'utf8')).toBe('run\n'),
        20_000,
      );
      expect((await readdir(options.runFolder)).sort()).toEqual(['imgmgr-agent', 'imgmgr-agent.ran', 'job.json']);
      expect(JSON.parse(await readFile(join(options.runFolder, 'job.json'), 'utf8'))).toEqual(job);
      expect((await stat(join(options.runFolder, 'job.json'))).mode & 0o777).toBe(0o600);
      expect((await stat(options.runFolder)).mode & 0o777).toBe(0o700);
      await vi.waitFor(() => expect(ticket.seen().agentFetched).toBe(true), 20_000);
    },
  );

  it('starts nothing whose sha256 is another, says so, and tidies up', async () => {
    const {desk, ticket} = await listener();
    const {options, execute, said} = await guest(['curl', 'sha256sum']);
    const job = jobFor(desk, ticket, {agents: {[machine]: '0'.repeat(64)}});
    expect(await execute(userData(job, options))).toBe(1);
    expect(await said()).toMatch(
      /imgmgr: curl fetched something else[^]*imgmgr: the agent could not be fetched from 127/,
    );
    expect(await said()).not.toContain(ticket.token);
    expect(await readdir(options.runFolder)).toEqual(['job.json']);
  });

  it('fetches from a certificate that cannot be proven on a later try only, since the sha256 decides', async () => {
    const {desk, ticket} = await listener();
    const other = await listener();
    const {options, execute, said} = await guest(['curl', 'sha256sum']);
    expect(await execute(userData(jobFor(desk, ticket, {certificate: other.desk.certificate}), options))).toBe(0);
    expect(await said()).toMatch(/^imgmgr: curl failed with code 60: .*\n$/);
  });

  it('says what is missing: no tool, no agent for the machine', async () => {
    const {desk, ticket} = await listener();
    const bare = await guest(['sha256sum']);
    expect(await bare.execute(userData(jobFor(desk, ticket), bare.options))).toBe(1);
    expect(await bare.said()).toBe('imgmgr: none of curl, wget, python3 is here\n');
    const alien = await guest(['curl']);
    expect(await alien.execute(userData(jobFor(desk, ticket, {agents: {s390x: ''}}), alien.options))).toBe(1);
    expect(await alien.said()).toBe(`imgmgr: no agent for the machine ${machine}\n`);
  });

  it('leaves the job to a baked agent, and fetches all the same when told to', async () => {
    const {desk, ticket} = await listener();
    const {options, execute} = await guest(['curl', 'sha256sum']);
    await writeFile(options.baked, '#!/bin/sh\necho "$@" >"$0.ran"\n');
    await chmod(options.baked, 0o755);
    expect(await execute(userData(jobFor(desk, ticket), options))).toBe(0);
    await vi.waitFor(() => expect(existsSync(`${options.baked}.ran`)).toBe(true), 20_000);
    expect(await readdir(options.runFolder)).toEqual(['job.json']);
    expect(await execute(userData(jobFor(desk, ticket), {...options, ignoreBaked: true}))).toBe(0);
    expect(await readdir(options.runFolder)).toContain('imgmgr-agent');
  });
});

it('carries a public key to the guest as cloud-config beside the script', () => {
  const desk = {port: 1, certificate: 'PEM', serverName: 'x', agents: {}} as unknown as ReportDesk;
  const key = 'ssh-ed25519 AAAA tést';
  const text = userData(
    jobFor(desk, {token: 'f'.repeat(64)} as Ticket, {expect: {ssh_key: key, datasources: [], properties: {}}}),
  );
  expect(text).toMatch(/^Content-Type: multipart\/mixed; boundary="imgmgr-test-server"\nMIME-Version: 1.0\n\n/);
  expect(text).toContain('#cloud-config\nssh_authorized_keys:\n  - "ssh-ed25519 AAAA t\\u00e9st"\n');
  expect(text).toContain('Content-Transfer-Encoding: 7bit\n\n#!/bin/sh\n');
  expect(text.endsWith('--imgmgr-test-server--\n')).toBe(true);
});
