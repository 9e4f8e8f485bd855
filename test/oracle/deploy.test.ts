import {access, mkdtemp, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {EXIT_CODES} from '../../src/cli/exit-codes.ts';
import {workDir} from '../../src/config/settings.ts';

const ROOT = new URL('../..', import.meta.url).pathname;
const PROGRAM = join(ROOT, 'dist/bin/imgmgr.js');
const SERVICE = join(ROOT, 'deploy/systemd/imgmgr.service');
const SERVER = join(ROOT, 'deploy/systemd/imgmgr-serve.service');
const CRON_JOB = join(ROOT, 'deploy/kubernetes/cronjob.yaml');
/** kubernetes-validate from PyPI in an environment of its own, made once; it brings the official schemas. */
const VENV = join(ROOT, '.cache/kubernetes-validate');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-deploy-'));
});
afterAll(() => rm(folder, {recursive: true, force: true}));

const there = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** The exit codes after which a person has to look first. */
const FINAL = EXIT_CODES.map(({code}) => code as number).filter((code) => code !== 0 && code !== 75);

/** Every flag that the text gives to imgmgr. */
const flagsOf = (text: string): string[] => text.match(/(?<=^ *- |[ =])--[a-z-]+/gm) ?? [];

async function knownFlags(): Promise<string> {
  return (await execa(PROGRAM, ['manage', '--help-all'])).stdout;
}

describe('deploy/systemd', () => {
  it('passes systemd-analyze verify where imgmgr is installed, and a mistake in it does not', async () => {
    const service = (await readFile(SERVICE, 'utf8')).replace('ExecStart=imgmgr', `ExecStart=${PROGRAM}`);
    const verify = async (text: string) => {
      const unit = join(folder, 'imgmgr.service');
      await writeFile(unit, text);
      await writeFile(join(folder, 'imgmgr.timer'), await readFile(join(ROOT, 'deploy/systemd/imgmgr.timer'), 'utf8'));
      const {exitCode, stderr} = await execa('systemd-analyze', ['verify', join(folder, 'imgmgr.timer'), unit], {
        reject: false,
        // The pages that the units name.
        env: {MANPATH: join(ROOT, 'dist/man')},
      });
      // Other units of this machine may be wrong.
      return {exitCode, said: stderr.split('\n').filter((line) => line.includes('imgmgr'))};
    };
    expect(await verify(service)).toEqual({exitCode: 0, said: []});
    const mistaken = await verify(service.replace('Restart=on-failure', 'Restart=always'));
    expect(mistaken.exitCode).not.toBe(0);
  });

  it('has the exposure that its README states', async () => {
    const {stdout} = await execa('systemd-analyze', ['security', '--offline=true', '--no-pager', SERVICE], {
      reject: false,
    });
    const level = /Overall exposure level for imgmgr\.service: ([\d.]+)/.exec(stdout)?.[1];
    expect(await readFile(join(ROOT, 'deploy/README.md'), 'utf8')).toContain(`exposure level of ${level ?? '?'}`);
  });

  it('starts again by itself after a temporary failure alone', async () => {
    const listed = /^RestartPreventExitStatus=(.*)$/m.exec(await readFile(SERVICE, 'utf8'))?.[1] ?? '';
    expect(numbers(listed)).toEqual(FINAL.toSorted((a, b) => a - b));
  });
});

describe('deploy/systemd, the server', () => {
  const read = async (): Promise<string> => readFile(SERVER, 'utf8');

  it('passes systemd-analyze verify where imgmgr is installed, and a mistake in it does not', async () => {
    const text = (await read()).replace('ExecStart=imgmgr', `ExecStart=${PROGRAM}`);
    const verify = async (unitText: string) => {
      const unit = join(folder, 'imgmgr-serve.service');
      await writeFile(unit, unitText);
      const {exitCode, stderr} = await execa('systemd-analyze', ['verify', unit], {
        reject: false,
        env: {MANPATH: join(ROOT, 'dist/man')},
      });
      return {exitCode, said: stderr.split('\n').filter((line) => line.includes('imgmgr'))};
    };
    expect(await verify(text)).toEqual({exitCode: 0, said: []});
    expect((await verify(text.replace('Type=exec', 'Type=execute'))).said).not.toEqual([]);
  });

  it('has the exposure that its README states', async () => {
    const {stdout} = await execa('systemd-analyze', ['security', '--offline=true', '--no-pager', SERVER], {
      reject: false,
    });
    const level = /Overall exposure level for imgmgr-serve\.service: ([\d.]+)/.exec(stdout)?.[1];
    expect(await readFile(join(ROOT, 'deploy/README.md'), 'utf8')).toContain(
      `the same exposure level of ${level ?? '?'}`,
    );
  });

  it('gives the server as long as its runs may take to end, and starts it again unless it cannot be', async () => {
    const text = await read();
    const minutes = Number(/^TimeoutStopSec=(\d+)min$/m.exec(text)?.[1]);
    const {stdout} = await execa(PROGRAM, ['serve', '--help-all']);
    const grace = Number(/after\s+SIGTERM; default: (\d+)m/.exec(stdout)?.[1]);
    expect(minutes).toBeGreaterThan(grace + 1);
    expect(text).toMatch(/^KillMode=mixed$/m);
    expect(text).toMatch(/^RestartPreventExitStatus=2$/m);
  });

  it('shares user and state with the runs of the timer', async () => {
    const [server, runs] = [await read(), await readFile(SERVICE, 'utf8')];
    expect(/^User=(.*)$/m.exec(server)?.[1]).toBe('imgmgr');
    const of = (text: string): readonly string[] => text.match(/^(?:StateDirectory|Environment=XDG).*$/gm) ?? [];
    expect(of(server)).toEqual(of(runs));
  });
});

describe('deploy/kubernetes', () => {
  beforeAll(async () => {
    if (await there(join(VENV, 'bin/kubernetes-validate'))) return;
    await execa('/usr/bin/python3', ['-m', 'venv', VENV]);
    await execa(join(VENV, 'bin/python'), ['-m', 'pip', 'install', '--quiet', 'kubernetes-validate']);
  }, 300_000);
  const validate = async (path: string) =>
    execa(join(VENV, 'bin/kubernetes-validate'), ['--strict', path], {reject: false});

  it('is valid by the official schemas, and a field that is not there is not', async () => {
    expect(await validate(CRON_JOB)).toMatchObject({exitCode: 0});
    const wrong = join(folder, 'wrong.yaml');
    await writeFile(wrong, (await readFile(CRON_JOB, 'utf8')).replace('completionMode:', 'completingMode:'));
    expect((await validate(wrong)).exitCode).not.toBe(0);
  });

  it('mounts a volume where imgmgr puts large temporary files, and makes it sticky before', async () => {
    const text = await readFile(CRON_JOB, 'utf8');
    const place = workDir({}, {home: '/', cwd: '/'});
    expect(text.match(new RegExp(`- name: temporary\\n *mountPath: ${place}\\n`, 'g'))).toHaveLength(2);
    expect(text).toContain(`command: [chmod, '1777', ${place}]`);
  });

  it('gives an index up after every exit code of imgmgr that is final, and shares among as many pods as there are', async () => {
    const text = await readFile(CRON_JOB, 'utf8');
    // 130 and 143: the pod was stopped from outside.
    const listed = /^ *values: \[(.*)\]$/m.exec(text)?.[1] ?? '';
    expect(numbers(listed)).toEqual(FINAL.filter((code) => code < 128).toSorted((a, b) => a - b));
    const pods = /^ *completions: (\d+)$/m.exec(text)?.[1] ?? '?';
    expect(text).toContain(`--shard=auto/${pods}\n`);
    expect(text).toMatch(new RegExp(`^ *parallelism: ${pods}$`, 'm'));
  });
});

describe('the flags that deploy/ gives to imgmgr', () => {
  it.each([SERVICE, CRON_JOB])('are flags of manage: %s', async (path) => {
    const flags = flagsOf(await readFile(path, 'utf8'));
    expect(flags).not.toEqual([]);
    const known = await knownFlags();
    for (const flag of flags) expect(known).toMatch(new RegExp(`${flag}\\b`));
  });
});

function numbers(text: string): number[] {
  return (text.match(/\d+/g) ?? []).map(Number).toSorted((a, b) => a - b);
}
