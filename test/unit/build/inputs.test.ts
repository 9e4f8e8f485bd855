import {chmod, mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {createExec} from '../../../src/exec.ts';
import {elementNames, readInputs} from '../../../src/build/inputs.ts';
import type {BuildSpec, Machine} from '../../../src/core/build/spec.ts';

let dir: string;

const HOOK = '#!/bin/bash\nset -eu\nset -o pipefail\ntrue\n';

const SPEC: BuildSpec = {
  elements: ['os', 'extra'],
  environment: {A: '1'},
  packages: ['b', 'a'],
  formats: ['qcow2'],
  compress: true,
  timeoutSeconds: 60,
  elementsPath: 'own',
};

async function put(path: string, text: string, mode = 0o644): Promise<void> {
  await mkdir(dirname(join(dir, path)), {recursive: true});
  await writeFile(join(dir, path), text);
  await chmod(join(dir, path), mode);
}

beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'imgmgr-inputs-'));
  await put('dib/base/README.rst', 'base');
  await put('dib/os/element-provides', 'operating-system\n');
  await put('imgmgr/agent-install/README.rst', 'agent');
  await put('own/extra/README.rst', 'extra');
  await put('own/extra/install.d/10-extra', HOOK, 0o755);
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

interface More {
  readonly machine?: Machine;
  readonly dib?: string;
  readonly agent?: string;
}

async function hash(change: Partial<BuildSpec> = {}, more: More = {}): Promise<string> {
  return (await read(change, more)).inputs.hash;
}

async function read(change: Partial<BuildSpec> = {}, more: More = {}) {
  return readInputs({
    spec: {...SPEC, ...change},
    machine: more.machine ?? 'x86_64',
    baseDir: dir,
    tool: {command: '/x', version: more.dib ?? '3.43.0', elements: join(dir, 'dib')},
    ownElements: join(dir, 'imgmgr'),
    agentVersion: more.agent ?? '1.0.0',
    exec: createExec({PATH: '/nowhere'}),
    env: {PATH: '/nowhere'},
  });
}

describe('the inputs of a build', () => {
  it('are the same for the same things, in whatever order packages and variables stand', async () => {
    const first = await hash();
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(await hash({packages: ['a', 'b']})).toBe(first);
    expect(await hash({timeoutSeconds: 61})).toBe(first);
  });

  it.each<[string, Partial<BuildSpec>]>([
    ['a package', {packages: ['a']}],
    ['a variable', {environment: {A: '2'}}],
    ['a variable more', {environment: {A: '1', B: ''}}],
    ['the release', {release: 'trixie'}],
    ['the size', {sizeGib: 4}],
    ['options of mkfs', {mkfsOptions: '-i 16384'}],
    ['a format', {formats: ['qcow2', 'raw']}],
    ['compression', {compress: false}],
    ['an element more', {elements: ['os', 'extra', 'agent-install']}],
  ])('change with %s', async (_, change) => {
    expect(await hash(change)).not.toBe(await hash());
  });

  it('change with the machine and the version of diskimage-builder', async () => {
    expect(await hash({}, {machine: 'aarch64'})).not.toBe(await hash());
    expect(await hash({}, {dib: '3.44.0'})).not.toBe(await hash());
  });

  it('change with the version of the agent only where it is in the image', async () => {
    expect(await hash({}, {agent: '2.0.0'})).toBe(await hash());
    const elements = ['os', 'agent-install'];
    expect(await hash({elements}, {agent: '2.0.0'})).not.toBe(await hash({elements}));
  });

  it('change with the content and the rights of an element, of diskimage-builder too', async () => {
    const first = await hash();
    await put('own/extra/install.d/10-extra', `${HOOK}\n`, 0o755);
    const second = await hash();
    expect(second).not.toBe(first);
    await put('dib/base/README.rst', 'other');
    expect(await hash()).not.toBe(second);
  });

  it('are refused with all that is wrong in the elements', async () => {
    await put('own/extra/install.d/20-dot.sh', HOOK, 0o755);
    await put('own/extra/install.d/30-rights', HOOK, 0o644);
    await expect(hash()).rejects.toMatchObject({
      code: 'DEFINITION',
      place: expect.stringContaining('own/extra/install.d/20-dot.sh') as string,
      problems: [{place: {file: expect.stringContaining('30-rights') as string}}],
    });
  });

  it('are read all the same where an element could only be better, which is told with its place', async () => {
    await rm(join(dir, 'own/extra/README.rst'));
    await put('own/extra/install.d/20-careless', '#!/bin/sh\nset -e\n', 0o755);
    const {inputs, advice} = await read();
    expect(inputs.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(advice.map(({message}) => message.replaceAll(dir, ''))).toEqual([
      'element extra: there is no README.rst (/own/extra/.)',
      'element extra: it goes on after an error: nounset is not set (/own/extra/install.d/20-careless:1)',
    ]);
    // What is wrong beside it is refused, and nothing but that.
    await put('own/extra/install.d/30-rights', HOOK, 0o644);
    await expect(read()).rejects.toMatchObject({
      message: expect.stringContaining('not executable') as string,
      problems: [],
    });
  });

  it('are refused where an element is in no folder', async () => {
    await expect(hash({elements: ['os', 'extar']})).rejects.toMatchObject({
      code: 'DEFINITION',
      hint: expect.stringContaining('extra') as string,
    });
  });
});

describe('the elements as diskimage-builder completes them', () => {
  it.each<[string[], Machine, string[]]>([
    [['vm'], 'x86_64', ['base', 'vm', 'block-device-mbr']],
    [['vm'], 'aarch64', ['base', 'vm', 'block-device-efi']],
    [['vm', 'block-device-efi'], 'x86_64', ['base', 'vm', 'block-device-efi']],
    [['os', 'base'], 'x86_64', ['base', 'os']],
  ])('%j for %s', (elements, machine, expected) => {
    expect(elementNames({...SPEC, elements}, machine)).toEqual(expected);
  });
});
