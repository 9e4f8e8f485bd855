import {execFileSync} from 'node:child_process';
import {chmod, mkdir, mkdtemp, readFile, realpath, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {containerInputs, findRuntime, prepareContainer, removeLeftovers} from '../../../src/build/container.ts';
import type {ContainerSpec} from '../../../src/core/build/spec.ts';
import {createExec} from '../../../src/exec.ts';

const noChange = (): Promise<void> => Promise.resolve();
const ID = 'b'.repeat(64);
/** Knows one image; writes down what it is asked, and with what storage. */
const PODMAN = `#!/bin/sh
here=$(dirname "$0")
{ printf '<%s>' "$@"; echo; } >>"$here/asked"
case $1 in
  image) [ "$5" = base ] && echo ${ID} || { echo no such image >&2; exit 125; } ;;
  info) echo "overlay /var/lib/containers/storage" ;;
  build) echo "$CONTAINERS_STORAGE_CONF|$BUILDAH_ISOLATION" >>"$here/asked" ;;
  ps | images) echo 0123456789ab ;;
esac
`;

let dir: string;
let env: Record<string, string>;

async function put(path: string, text: string, mode = 0o644): Promise<string> {
  const full = join(dir, path);
  await mkdir(dirname(full), {recursive: true});
  await writeFile(full, text);
  await chmod(full, mode);
  return full;
}

beforeEach(async () => {
  dir = await realpath(await mkdtemp(join(tmpdir(), 'imgmgr-container-')));
  await put('dib/containerfile/root.d/08-containerfile', 'DIB_CONTAINERFILE_DOCKERFILE DIB_CONTAINERFILE_RUNTIME');
  await put('bin/podman', PODMAN, 0o755);
  await put('defs/web/Containerfile', 'FROM base\nCOPY hello /\n');
  await put('defs/web/hello', 'hello');
  env = {PATH: join(dir, 'bin'), BUILDAH_ISOLATION: 'chroot'};
});
afterEach(async () => rm(dir, {recursive: true, force: true}));

const SPEC: ContainerSpec = {file: 'web/Containerfile', args: {}};
const exec = createExec({PATH: process.env['PATH']});

async function inputs(spec: Partial<ContainerSpec> = {}) {
  const tool = {command: '/x', version: '3.43.0', elements: join(dir, 'dib')};
  return containerInputs({...SPEC, ...spec}, {exec, env, baseDir: join(dir, 'defs'), tool});
}

describe('the inputs of a container', () => {
  it('are the Containerfile, its context, its arguments and the digest of its base', async () => {
    const first = await inputs({args: {A: '1'}});
    expect(Object.keys(first).sort()).toEqual(['base/base', 'build_args/A', 'containerfile', 'context']);
    expect(first).toMatchObject({'base/base': ID, 'build_args/A': '1'});
    expect(await inputs({args: {A: '1'}})).toEqual(first);
  });

  it.each<[string, () => Promise<unknown>]>([
    ['a file of the context', async () => put('defs/web/hello', 'hallo')],
    ['its rights', async () => put('defs/web/hello', 'hello', 0o755)],
    ['a name', async () => put('defs/web/deeper/x', '')],
    ['where a link leads', () => symlink('/etc/passwd', join(dir, 'defs/web/link'))],
    ['the base', async () => put('bin/podman', PODMAN.replace(ID, 'c'.repeat(64)), 0o755)],
  ])('change with %s', async (_, change) => {
    const before = await inputs();
    await change();
    expect(await inputs()).not.toEqual(before);
  });

  it('take a base that is pinned by its digest without asking for it', async () => {
    const pinned = `example.org/x@sha256:${'d'.repeat(64)}`;
    await put('defs/web/Containerfile', `FROM ${pinned}\n`);
    expect(await inputs()).toMatchObject({[`base/${pinned}`]: pinned});
  });

  it.each<[string, () => Promise<unknown>, Partial<ContainerSpec>, string]>([
    ['a base that nothing pins', async () => put('defs/web/Containerfile', 'FROM x:1'), {}, 'x:1 is neither pinned'],
    ['a base that is an option', async () => put('defs/web/Containerfile', 'FROM -v'), {}, '-v is neither pinned'],
    ['a here-document', async () => put('defs/web/Containerfile', 'FROM base\nRUN <<E\nE'), {}, 'a here-document (<<)'],
    ['a variable for a base', async () => put('defs/web/Containerfile', 'FROM $X'), {}, 'named by a variable, $X'],
    ['no Containerfile', noChange, {file: 'web/Dockerfile'}, 'is not there'],
    ['one that is a folder', noChange, {file: 'web', context: 'web'}, 'the Containerfile'],
    ['a path out of the folder', async () => put('secret', 'FROM base'), {file: '../secret'}, 'outside of'],
    ['an absolute path', noChange, {file: '/etc/passwd'}, 'outside of'],
    ['a context outside', noChange, {context: '..'}, 'outside of'],
    ['a link to a context outside', () => symlink('/etc', join(dir, 'defs/etc')), {context: 'etc'}, 'outside of'],
    ['no context', noChange, {context: 'none'}, 'is not there'],
    [
      'a device in the context',
      () => Promise.resolve(execFileSync('mkfifo', [join(dir, 'defs/web/pipe')])),
      {},
      'is no file, folder or link',
    ],
  ])('refuse %s', async (_, change, spec, message) => {
    await change();
    await expect(inputs(spec)).rejects.toMatchObject({code: 'DEFINITION'});
    await expect(inputs(spec)).rejects.toThrow(message);
  });

  it('refuse an element that is too old', async () => {
    await put('dib/containerfile/root.d/08-containerfile', 'DIB_CONTAINER_FILE');
    await expect(inputs()).rejects.toMatchObject({code: 'UNSUPPORTED'});
  });
});

describe('the program that builds containers', () => {
  it('is podman, else docker', async () => {
    await put('bin/docker', '', 0o755);
    expect(await findRuntime(env)).toEqual({name: 'podman', command: join(dir, 'bin/podman')});
  });
});

describe('what is prepared for diskimage-builder', () => {
  async function prepare(spec: Partial<ContainerSpec> = {}) {
    const path = join(dir, 'work');
    for (const name of ['tmp', 'out', 'bin']) await mkdir(join(path, name), {recursive: true});
    const folder = {
      path,
      tmp: join(path, 'tmp'),
      out: join(path, 'out'),
      bin: join(path, 'bin'),
      leave: () => undefined,
    };
    const {signal} = new AbortController();
    const set = await prepareContainer({...SPEC, ...spec}, {exec, env, folder, baseDir: join(dir, 'defs'), signal});
    const asked = async () => (await readFile(join(dir, 'bin/asked'), 'utf8')).split('\n').slice(0, -1);
    return {set, path, asked};
  }

  it('lies in the work folder: copies, and a storage that sees the images of the host', async () => {
    const {set, path} = await prepare();
    expect(set).toEqual({
      DIB_CONTAINERFILE_RUNTIME: 'podman',
      DIB_CONTAINERFILE_DOCKERFILE: join(path, 'Containerfile'),
      DIB_CONTAINER_CONTEXT: join(path, 'context'),
    });
    expect(await readFile(join(path, 'context/hello'), 'utf8')).toBe('hello');
    const storage = await readFile(join(path, 'storage.conf'), 'utf8');
    expect(storage).toContain(`graphroot = "${path}/tmp/containers"`);
    expect(storage).toContain('additionalimagestores = ["/var/lib/containers/storage"]');
  });

  it('is a command that adds arguments as they are, storage and isolation, and starts nothing', async () => {
    const hostile = `it's $(touch ${dir}/ran) "x"`;
    const {path, asked} = await prepare({args: {GREETING: hostile}});
    execFileSync(join(path, 'bin/podman'), ['build', '-t', 'x', 'context']);
    execFileSync(join(path, 'bin/podman'), ['run', '--network', 'host', '--name', 'e', '-d', 'x', '/bin/sh']);
    expect(await asked()).toEqual([
      expect.stringContaining('<info>'),
      `<build><--label=imgmgr.build=${path}><--build-arg=GREETING=${hostile}><-t><x><context>`,
      `${path}/storage.conf|chroot`,
      '<create><--network><host><--name><e><x></bin/sh>',
    ]);
    await expect(readFile(join(dir, 'ran'))).rejects.toMatchObject({code: 'ENOENT'});
  });

  it('copies a link in the context as a link, which leads nowhere there', async () => {
    await symlink('/etc/passwd', join(dir, 'defs/web/link'));
    const {path} = await prepare();
    await expect(realpath(join(path, 'context/link'))).resolves.toBe('/etc/passwd');
    expect(execFileSync('stat', ['-c', '%F', join(path, 'context/link')]).toString()).toBe('symbolic link\n');
  });

  it('removes from docker what is labelled with a work folder that is no more, and nothing else', async () => {
    const [gone, kept] = ['1'.repeat(64), '2'.repeat(64)];
    await put('alive/x', '');
    const docker = `#!/bin/sh
here=$(dirname "$0")
case $1 in
  ps | images) echo 0123456789ab; echo 210123456789 ;;
  inspect) echo "${gone} ${dir}/gone"; echo "${kept} ${dir}/alive"; echo "${kept} <no value>" ;;
  *) echo "$*" >>"$here/removed" ;;
esac
`;
    await removeLeftovers({command: await put('bin/docker', docker, 0o755)}, exec);
    const removed = await readFile(join(dir, 'bin/removed'), 'utf8');
    expect(removed).toBe(`rm -f ${gone}\nrmi -f ${gone}\n`);
  });
});
