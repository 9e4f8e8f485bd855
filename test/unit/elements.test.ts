import {chmod, lstat, mkdir, mkdtemp, readdir, readFile, readlink, rm, symlink, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {execa} from 'execa';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {loadPlainYaml} from '../plain-yaml.ts';
import {readElements} from '../../src/build/element-trees.ts';
import {PHASES} from '../../src/core/build/element-layout.ts';
import {parsePackages} from '../../src/core/build/packages.ts';
import type {ElementTree} from '../../src/core/build/element-tree.ts';
import {lintElements} from '../../src/core/build/lint-elements.ts';

const ELEMENTS = join(import.meta.dirname, '../../elements');
const KEY = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIEl3dXNlZEZvclRlc3RzT25seU5vT25lSGFzSXQh ops@example.org';
const OTHER_KEY = `ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY${'A'.repeat(80)}=`;

let root: string;
beforeEach(async () => void (root = await mkdtemp(join(tmpdir(), 'imgmgr-element-'))));
afterEach(() => rm(root, {recursive: true, force: true}));

async function put(path: string, content = ''): Promise<void> {
  await mkdir(dirname(join(root, path)), {recursive: true});
  if (content.startsWith('→ ')) await symlink(content.slice(2), join(root, path));
  else await writeFile(join(root, path), content);
}

function got(path: string): Promise<string> {
  return readFile(join(root, path), 'utf8');
}

async function exists(path: string): Promise<boolean> {
  return lstat(join(root, path)).then(
    () => true,
    () => false,
  );
}

type Env = Readonly<Record<string, string>>;

interface PackageMap {
  readonly release: Readonly<Record<string, Readonly<Record<string, Env>>>>;
  readonly family: Readonly<Record<string, Env>>;
  readonly default: Env;
}

/** Runs a hook as dib-run-parts does: the element's environment is sourced under `set -eu`, and a distribution is known. */
async function run(hook: string, env: Env = {}): Promise<{exitCode?: number; stdout: string; stderr: string}> {
  const [element = ''] = hook.split('/');
  const script = 'for file in "$1"/environment.d/*; do source "$file"; done; "$2"';
  return execa('bash', ['--norc', '-euc', script, 'dib-run-parts', join(ELEMENTS, element), join(ELEMENTS, hook)], {
    env: {PATH: process.env['PATH'] ?? '', DISTRO_NAME: 'debian', IMGMGR_ROOT: root, ...env},
    stdin: 'ignore',
    extendEnv: false,
    reject: false,
  });
}

async function done(hook: string, env?: Env): Promise<void> {
  const {exitCode, stderr} = await run(hook, env);
  expect(exitCode, stderr).toBe(0);
}

/** A program in the folder `bin` of the image. */
async function program(name: string, script: string): Promise<void> {
  await put(`bin/${name}`, `#!/bin/sh\n${script}\n`);
  await chmod(join(root, 'bin', name), 0o755);
}

async function pathOf(name: string): Promise<string> {
  return (await execa('sh', ['-c', `command -v ${name}`])).stdout;
}

const DISTRIBUTION = ['dpkg', 'modprobe', 'pkg-map', 'sysprep'];

/** Our elements among what they ask for, of which only the names are needed. */
async function ownElements(): Promise<readonly ElementTree[]> {
  await put('dib/containerfile/element-provides', 'operating-system\n');
  for (const name of [
    'cloud-init',
    'cloud-init-datasources',
    'manifests',
    'package-installs',
    'dib-init-system',
    ...DISTRIBUTION,
  ])
    await put(`dib/${name}/README.rst`);
  const names = (await readdir(ELEMENTS, {withFileTypes: true})).filter((entry) => entry.isDirectory());
  const paths = [ELEMENTS, join(root, 'dib')];
  const trees = await readElements({names: ['containerfile', ...names.map(({name}) => name)], paths});
  return trees.filter(({own}) => own);
}

describe('our elements', () => {
  it('have nothing that the lint finds', async () => {
    const trees = await ownElements();
    expect(trees.map(({name}) => name)).toEqual(['agent-install', 'cloud-init-custom', 'debian-container']);
    const all = await readElements({
      names: ['containerfile', ...trees.map(({name}) => name)],
      paths: [ELEMENTS, join(root, 'dib')],
    });
    expect(lintElements(all)).toEqual([]);
  });

  it('are shell that bash understands', async () => {
    const files = (await ownElements()).flatMap(({folder, files: all}) =>
      all
        .filter(({path, text}) => path.endsWith('.bash') || text?.startsWith('#!'))
        .map(({path}) => join(folder, path)),
    );
    expect(files.length).toBeGreaterThan(8);
    for (const file of files) await execa('bash', ['-n', file]);
  });

  it('write to the system only when the environment of a build says so', async () => {
    for (const {files} of await ownElements())
      for (const {path, text} of files)
        if (PHASES.has(path.split('/')[0] ?? ''))
          expect(text, path).not.toMatch(/IMGMGR_ROOT:?[-=]|\$\{?IMGMGR_ROOT.+\//);
  });

  it('map only packages that they install', async () => {
    const folder = join(ELEMENTS, 'cloud-init-custom');
    const installs = loadPlainYaml(
      await readFile(join(folder, 'package-installs.yaml'), 'utf8'),
      'package-installs.yaml',
    );
    const {release, family, default: usual} = JSON.parse(await readFile(join(folder, 'pkg-map'), 'utf8')) as PackageMap;
    const groups = [usual, ...Object.values(family), ...Object.values(release).flatMap((each) => Object.values(each))];
    const mapped = groups.flatMap((group) => Object.keys(group));
    expect(Object.keys(installs as object)).toEqual(expect.arrayContaining(mapped));
    expect(mapped).toContain('growpart');
  });
});

describe('cloud-init-custom looks at the values first', () => {
  const CHECK = 'cloud-init-custom/root.d/01-cloud-init-custom';

  it.each<[string, Env]>([
    ['nothing said', {}],
    ['names', {DIB_IMGMGR_USER: 'ops', DIB_IMGMGR_USERS: 'backup, monitor_2\ndeploy'}],
    ['public keys', {DIB_IMGMGR_SSH_KEYS: `${KEY}\n\n${OTHER_KEY}\n`}],
    ['switches', {DIB_IMGMGR_SSH_PASSWORDS: '1', DIB_IMGMGR_GUEST_AGENT: '1'}],
    ['other datasources', {DIB_CLOUD_INIT_DATASOURCES: 'NoCloud,ConfigDrive, OpenStack, None'}],
    ['ifupdown on Ubuntu', {DISTRO_NAME: 'ubuntu', DIB_IMGMGR_NETWORK: 'ifupdown'}],
    ['what Rocky has', {DISTRO_NAME: 'rocky'}],
    ['other elements', {IMAGE_ELEMENT: 'base vm cloud-init-custom'}],
  ])('accepts %s', async (_, env) => {
    await done(CHECK, env);
  });

  it.each<[string, Env, string]>([
    ['a user name with a capital', {DIB_IMGMGR_USER: 'Ops'}, "DIB_IMGMGR_USER has 'Ops', which is no name"],
    ['root as the user', {DIB_IMGMGR_USER: 'root'}, "DIB_IMGMGR_USER has 'root'"],
    ['two default users', {DIB_IMGMGR_USER: 'a b'}, "DIB_IMGMGR_USER has 'a b'"],
    ['a further user that breaks YAML', {DIB_IMGMGR_USERS: 'ok x:y'}, "DIB_IMGMGR_USERS has 'x:y'"],
    ['a star', {DIB_IMGMGR_USERS: '*'}, "DIB_IMGMGR_USERS has '*'"],
    ['the default user again', {DIB_IMGMGR_USER: 'ops', DIB_IMGMGR_USERS: 'ops'}, "has the default user 'ops' again"],
    ['something that is no key', {DIB_IMGMGR_SSH_KEYS: `${KEY}\nno key`}, 'has no public key in line 2'],
    ['options before a key', {DIB_IMGMGR_SSH_KEYS: `command="x" ${KEY}`}, 'has no public key in line 1'],
    ['a comment that breaks YAML', {DIB_IMGMGR_SSH_KEYS: `${KEY}"`}, 'has no public key in line 1'],
    [
      'a kind of key that is out of use',
      {DIB_IMGMGR_SSH_KEYS: KEY.replace('ed25519', 'dss')},
      'has no public key in line 1',
    ],
    ['a switch that is neither on nor off', {DIB_IMGMGR_SSH_PASSWORDS: 'yes'}, "DIB_IMGMGR_SSH_PASSWORDS is 'yes'"],
    ['another such switch', {DIB_IMGMGR_GUEST_AGENT: 'true'}, "DIB_IMGMGR_GUEST_AGENT is 'true'"],
    ['datasources as YAML', {DIB_CLOUD_INIT_DATASOURCES: '[OpenStack]'}, "DIB_CLOUD_INIT_DATASOURCES is '[OpenStack]'"],
    ['a network that nobody knows', {DIB_IMGMGR_NETWORK: 'wicked'}, 'one of: netplan ifupdown networkd none'],
    [
      'netplan on Rocky',
      {DISTRO_NAME: 'rocky', DIB_IMGMGR_NETWORK: 'netplan'},
      'on rocky it can be one of: networkmanager',
    ],
    ['growroot beside it', {IMAGE_ELEMENT: 'base growroot vm'}, 'growroot is selected too'],
  ])('refuses %s', async (_, env, message) => {
    const {exitCode, stderr} = await run(CHECK, env);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
  });

  it('refuses a private key and does not repeat a line of it', async () => {
    const keys = ['-----BEGIN OPENSSH PRIVATE', 'KEY-----\nc2VjcmV0IHNlY3JldA\n'].join(' ');
    const {exitCode, stderr} = await run(CHECK, {DIB_IMGMGR_SSH_KEYS: keys});
    expect(exitCode).toBe(1);
    expect(stderr).toContain('has a private key in line 1; give the public one');
    expect(stderr).not.toContain('c2VjcmV0');
  });

  it('tells all problems at once', async () => {
    const {stderr} = await run(CHECK, {DIB_IMGMGR_USER: 'root', DIB_IMGMGR_NETWORK: 'x', DIB_IMGMGR_SSH_KEYS: 'x'});
    expect(stderr.trim().split('\n')).toEqual(Array(3).fill(expect.stringMatching(/^cloud-init-custom: DIB_/)));
  });
});

describe('cloud-init-custom writes the policy', () => {
  const RENDER = 'cloud-init-custom/install.d/60-cloud-init-custom';
  const CONFIG = 'etc/cloud/cloud.cfg.d/95-imgmgr.cfg';
  const SSHD = 'etc/ssh/sshd_config.d/60-imgmgr.conf';

  async function config(env: Env = {}): Promise<unknown> {
    await done(RENDER, env);
    return loadPlainYaml(await got(CONFIG), CONFIG);
  }

  it('of an image of which nothing is said', async () => {
    await done(RENDER);
    expect(await got(CONFIG)).toBe(`#cloud-config
datasource_list: [ ConfigDrive, OpenStack ]
ssh_deletekeys: true
ssh_pwauth: false
disable_root: true
growpart: {mode: auto, devices: [/]}
resize_rootfs: true
manage_etc_hosts: localhost
users:
  - default
system_info:
  default_user:
    name: debian
    lock_passwd: true
    gecos: Cloud user
    groups: [adm, sudo]
    sudo: ["ALL=(ALL) NOPASSWD:ALL"]
    shell: /bin/bash
  network:
    renderers: [netplan]
`);
    expect(await got(SSHD)).toBe(
      'PasswordAuthentication no\nKbdInteractiveAuthentication no\nPermitEmptyPasswords no\nPermitRootLogin no\n',
    );
    expect((await lstat(join(root, CONFIG))).mode & 0o777).toBe(0o644);
    expect((await lstat(join(root, SSHD))).mode & 0o777).toBe(0o644);
  });

  it.each<[string, Env, object]>([
    ['debian on Debian', {}, {name: 'debian', groups: ['adm', 'sudo']}],
    ['ubuntu on Ubuntu', {DISTRO_NAME: 'ubuntu'}, {name: 'ubuntu', groups: ['adm', 'sudo']}],
    ['cloud-user elsewhere', {DISTRO_NAME: 'rocky'}, {name: 'cloud-user', groups: ['adm', 'wheel']}],
    ['whom the definition names', {DIB_IMGMGR_USER: 'ops'}, {name: 'ops', groups: ['adm', 'sudo']}],
  ])('makes the default user %s', async (_, env, user) => {
    expect(await config(env)).toMatchObject({system_info: {default_user: {...user, lock_passwd: true}}});
  });

  it('makes further users without password and without sudo', async () => {
    const user = {gecos: 'Cloud user', lock_passwd: true, shell: '/bin/bash'};
    expect(await config({DIB_IMGMGR_USERS: 'backup, monitor'})).toMatchObject({
      users: ['default', {name: 'backup', ...user}, {name: 'monitor', ...user}],
    });
  });

  it('gives the keys to the default user and to the further ones', async () => {
    const keys = [KEY, OTHER_KEY];
    const written = await config({DIB_IMGMGR_USERS: 'backup', DIB_IMGMGR_SSH_KEYS: `${KEY}\n\n${OTHER_KEY}\n`});
    expect(written).toMatchObject({
      ssh_authorized_keys: keys,
      users: ['default', {name: 'backup', ssh_authorized_keys: keys}],
    });
  });

  it('lets passwords in only where the definition says so, and never root', async () => {
    expect(await config({DIB_IMGMGR_SSH_PASSWORDS: '1'})).toMatchObject({
      ssh_pwauth: true,
      disable_root: true,
      system_info: {default_user: {lock_passwd: true}},
    });
    const sshd = await got(SSHD);
    expect(sshd).toContain('PasswordAuthentication yes\n');
    expect(sshd).toContain('PermitRootLogin no\n');
  });

  it('asks the datasources that the definition names', async () => {
    expect(await config({DIB_CLOUD_INIT_DATASOURCES: 'NoCloud, None'})).toMatchObject({
      datasource_list: ['NoCloud', 'None'],
    });
  });

  it.each<[string, Env, object | undefined, boolean]>([
    ['netplan', {}, {renderers: ['netplan']}, true],
    ['networkd', {DIB_IMGMGR_NETWORK: 'networkd'}, {renderers: ['networkd']}, true],
    ['ifupdown', {DIB_IMGMGR_NETWORK: 'ifupdown'}, {renderers: ['eni']}, false],
    ['none', {DIB_IMGMGR_NETWORK: 'none'}, undefined, false],
    ['NetworkManager on Rocky', {DISTRO_NAME: 'rocky'}, undefined, false],
  ])('configures the network by %s', async (_, env, network, isResolved) => {
    const {system_info: system} = (await config(env)) as {system_info: {network?: object}};
    expect(system.network).toEqual(network);
    const resolved = 'etc/systemd/resolved.conf.d/60-imgmgr.conf';
    expect(await exists(resolved)).toBe(isResolved);
    if (isResolved) expect(await got(resolved)).toBe('[Resolve]\nLLMNR=no\nMulticastDNS=no\n');
  });
});

describe('cloud-init-custom keeps names resolved while the image is built', () => {
  const RESTORE = 'cloud-init-custom/install.d/02-cloud-init-custom';
  const LINK = '→ ../run/systemd/resolve/stub-resolv.conf';

  it.each([
    ['the copy that systemd-resolved of Debian keeps', 'etc/.resolv.conf.systemd-resolved.bak'],
    ['the copy below /run', 'run/systemd/resolve/stub-resolv.conf'],
  ])('takes %s', async (_, copy) => {
    await put('etc/resolv.conf', LINK);
    await put(copy, 'nameserver 192.0.2.1\n');
    await done(RESTORE);
    expect(await got('etc/resolv.conf')).toBe('nameserver 192.0.2.1\n');
    expect((await lstat(join(root, 'etc/resolv.conf'))).isSymbolicLink()).toBe(false);
    expect(await exists(copy)).toBe(false);
  });

  it('leaves a file alone', async () => {
    await put('etc/resolv.conf', 'nameserver 192.0.2.1\n');
    await put('etc/.resolv.conf.systemd-resolved.bak', 'other\n');
    await done(RESTORE);
    expect(await got('etc/resolv.conf')).toBe('nameserver 192.0.2.1\n');
  });
});

describe('cloud-init-custom lists the packages of rpm', () => {
  const LIST = 'cloud-init-custom/finalise.d/97-cloud-init-custom';

  async function list(...programs: readonly string[]) {
    await put('etc/dib-manifests/.keep');
    for (const name of programs) await program(name, 'printf "zlib-1.2.11-40.el9.x86_64\\nbash-5.1.8-9.el9.x86_64\\n"');
    for (const name of ['bash', 'sh', 'sort', 'basename']) await put(`bin/${name}`, `→ ${await pathOf(name)}`);
    const env = {DIB_MANIFEST_IMAGE_DIR: '/etc/dib-manifests', IMAGE_NAME: '/out/image'};
    await done(LIST, {PATH: join(root, 'bin'), ...env});
    return exists('etc/dib-manifests/dib-manifest-rpm-image');
  }

  it('as imgmgr reads it', async () => {
    expect(await list('rpm')).toBe(true);
    const text = await got('etc/dib-manifests/dib-manifest-rpm-image');
    expect(parsePackages(text, 'rpm').map(({name, version}) => `${name} ${version}`)).toEqual([
      'bash 5.1.8-9.el9',
      'zlib 1.2.11-40.el9',
    ]);
  });

  it('not where dpkg is, whose list is there already', async () => {
    expect(await list('rpm', 'dpkg-query')).toBe(false);
  });

  it('nor without rpm', async () => {
    expect(await list()).toBe(false);
  });
});

describe('cloud-init-custom asks the programs of the image', () => {
  const ASK = 'cloud-init-custom/finalise.d/98-cloud-init-custom';
  const CONSOLE = 'linux /boot/vmlinuz root=LABEL=x console=tty0 console=ttyS0,115200\n';

  /** An image whose programs answer as given; it has no others than those. */
  async function ask(given: {sshd?: string; cloudInit?: string; env?: Env} = {}) {
    const settings = given.sshd ?? 'passwordauthentication no\npermitrootlogin no\nkbdinteractiveauthentication no';
    await program('sshd', `echo '${settings}'`);
    await program('cloud-init', given.cloudInit ?? 'true');
    for (const name of ['ssh-keygen', 'usermod']) await program(name, `echo "${name} $*" >>${root}/calls`);
    for (const name of ['bash', 'sh', 'mktemp', 'mkdir', 'rm', 'grep', 'cat'])
      if (!(await exists(`bin/${name}`))) await put(`bin/${name}`, `→ ${await pathOf(name)}`);
    return run(ASK, {PATH: join(root, 'bin'), ...given.env});
  }

  beforeEach(async () => {
    await program('growpart', 'true');
    await put('boot/grub/grub.cfg', CONSOLE);
    await put('etc/cloud/cloud.cfg.d/95-imgmgr.cfg', '#cloud-config\nssh_pwauth: false\ndatasource_list: [ None ]\n');
  });

  it('without the datasources, which the schema of user data does not know', async () => {
    const {exitCode, stdout} = await ask({cloudInit: 'cat "$3"'});
    expect([exitCode, stdout]).toEqual([0, '#cloud-config\nssh_pwauth: false']);
  });

  it('and is content when they understand the policy; root is locked', async () => {
    const {exitCode, stderr} = await ask();
    expect(exitCode, stderr).toBe(0);
    expect(await got('calls')).toContain('usermod --lock root\n');
  });

  it('and expects passwords where the definition wants them', async () => {
    const sshd = 'passwordauthentication yes\npermitrootlogin no\nkbdinteractiveauthentication no';
    const {exitCode, stderr} = await ask({sshd, env: {DIB_IMGMGR_SSH_PASSWORDS: '1'}});
    expect(exitCode, stderr).toBe(0);
  });

  it.each([
    [
      'passwords',
      'passwordauthentication yes\npermitrootlogin no\nkbdinteractiveauthentication no',
      'passwordauthentication no',
    ],
    ['root', 'passwordauthentication no\npermitrootlogin yes\nkbdinteractiveauthentication no', 'permitrootlogin no'],
    [
      'answers',
      'passwordauthentication no\npermitrootlogin no\nkbdinteractiveauthentication yes',
      'kbdinteractiveauthentication no',
    ],
  ])('and refuses an sshd that lets in %s', async (_, sshd, wanted) => {
    const {exitCode, stderr} = await ask({sshd});
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`sshd does not say '${wanted}'`);
  });

  it('and refuses a configuration that cloud-init does not understand', async () => {
    expect(await ask({cloudInit: 'echo "$1: no such key"; exit 1'})).toMatchObject({
      exitCode: 1,
      stdout: 'schema: no such key',
    });
  });

  it('and refuses an image whose root would not grow', async () => {
    await rm(join(root, 'bin/growpart'));
    const {exitCode, stderr} = await ask();
    expect(exitCode).toBe(1);
    expect(stderr).toContain('there is no growpart');
  });

  it.each(['boot/grub/grub.cfg', 'boot/grub2/grub.cfg'])('and refuses a %s without a serial console', async (path) => {
    await rm(join(root, 'boot/grub'), {recursive: true});
    await put(path, 'linux /boot/vmlinuz root=LABEL=x console=tty0\n');
    const {exitCode, stderr} = await ask();
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`${path} has no serial console`);
  });

  it.each([
    ['in the entries of the boot loader', {'boot/grub/grub.cfg': 'blscfg\n', 'boot/loader/entries/a.conf': CONSOLE}],
    ['of ARM', {'boot/grub/grub.cfg': 'linux /boot/vmlinuz console=ttyAMA0,115200\n'}],
  ])('and finds a serial console %s', async (_, files) => {
    for (const [path, content] of Object.entries(files)) await put(path, content);
    const {exitCode, stderr} = await ask();
    expect(exitCode, stderr).toBe(0);
  });
});

describe('cloud-init-custom takes away what two servers would share', () => {
  const CLEAN = 'cloud-init-custom/finalise.d/99-cloud-init-custom';

  beforeEach(async () => {
    await put('etc/machine-id', 'uninitialized\n');
    await put('run/systemd/resolve/stub-resolv.conf', 'nameserver 192.0.2.1\n');
  });

  it.each([
    'etc/ssh/ssh_host_ed25519_key',
    'etc/ssh/ssh_host_rsa_key.pub',
    'var/lib/dbus/machine-id',
    'var/lib/systemd/random-seed',
    'var/lib/systemd/credential.secret',
    'var/lib/dhcp/dhclient.eth0.leases',
    'var/lib/dhclient/dhclient-eth0.leases',
    'var/lib/dhcpcd/eth0.lease',
    'var/lib/NetworkManager/internal-eth0.lease',
    'var/lib/NetworkManager/secret_key',
    'etc/udev/rules.d/70-persistent-net.rules',
    'root/.ssh/authorized_keys',
    'root/.bash_history',
    'etc/.resolv.conf.systemd-resolved.bak',
    'run/systemd/resolve/stub-resolv.conf',
  ])('removes %s', async (path) => {
    await put(path, 'x');
    await done(CLEAN);
    expect(await exists(path)).toBe(false);
  });

  it('empties the machine-id and keeps what is not of one server', async () => {
    await put('etc/ssh/sshd_config', 'x');
    await put('etc/ssh/sshd_config.d/60-imgmgr.conf', 'x');
    await done(CLEAN);
    expect(await got('etc/machine-id')).toBe('');
    expect(await got('etc/ssh/sshd_config')).toBe('x');
    expect(await got('etc/ssh/sshd_config.d/60-imgmgr.conf')).toBe('x');
  });

  it('runs after sysprep, which writes a machine-id of its own', async () => {
    const names = ['99-clear-machine-id', '99-cloud-init-custom'];
    const {stdout} = await execa('sort', ['-n'], {input: [...names].reverse().join('\n'), env: {LC_ALL: 'C'}});
    expect(stdout.split('\n')).toEqual(names);
  });

  it.each(['netplan', 'networkd'])('leaves the resolver of %s as a link in place of the build’s', async (network) => {
    await put('etc/resolv.conf', 'nameserver 192.0.2.1\n');
    await done(CLEAN, {DIB_IMGMGR_NETWORK: network});
    expect(await readlink(join(root, 'etc/resolv.conf'))).toBe('../run/systemd/resolve/stub-resolv.conf');
  });

  it.each([
    ['drops the resolv.conf that debootstrap took of the build host', 'nameserver 192.0.2.1\n', false],
    ['keeps one that another element wants in the image', 'nameserver 198.51.100.1\n', true],
  ])('%s', async (_, original, isKept) => {
    await put('etc/resolv.conf', 'nameserver 192.0.2.1\n');
    await put('etc/resolv.conf.ORIG', original);
    await done(CLEAN, {DIB_IMGMGR_NETWORK: 'ifupdown'});
    expect(await exists('etc/resolv.conf.ORIG')).toBe(isKept);
  });
});

describe('agent-install', () => {
  const HAND_OVER = 'agent-install/extra-data.d/50-agent-install';

  beforeEach(() => program('sudo', 'exec "$@"'));

  function handOver(arch: string, agent = join(root, 'agent')) {
    const PATH = `${join(root, 'bin')}:${process.env['PATH'] ?? ''}`;
    return run(HAND_OVER, {PATH, ARCH: arch, TMP_HOOKS_PATH: join(root, 'hooks'), DIB_IMGMGR_AGENT_PATH: agent});
  }

  /** The first bytes of a program for a machine, by its number in the ELF header. */
  function header(machine: number): string {
    return `\u007fELF${'\0'.repeat(14)}${String.fromCharCode(machine)}\0rest`;
  }

  it.each([
    ['amd64', 62],
    ['arm64', 183],
  ] as const)('hands an agent for %s into the build', async (arch, machine) => {
    const bytes = Buffer.from(header(machine), 'latin1');
    await writeFile(join(root, 'agent'), bytes);
    const {exitCode, stderr} = await handOver(arch);
    expect(exitCode, stderr).toBe(0);
    expect(await readFile(join(root, 'hooks/imgmgr-agent/imgmgr-agent'))).toEqual(bytes);
  });

  it.each([
    ['an agent for another machine', 'arm64', header(62), 'is no program for arm64'],
    ['a script', 'amd64', '#!/bin/sh\n# long enough to have a machine\n', 'is no program for amd64'],
    ['an unknown architecture', 's390x', header(22), 'there is no agent for the architecture s390x'],
  ])('refuses %s', async (_, arch, content, message) => {
    await writeFile(join(root, 'agent'), Buffer.from(content, 'latin1'));
    const {exitCode, stderr} = await handOver(arch);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(message);
    expect(await exists('hooks')).toBe(false);
  });

  it.each(['', '/nonexistent/agent'])('refuses to go on without an agent: "%s"', async (agent) => {
    const {exitCode, stderr} = await handOver('amd64', agent);
    expect(exitCode).toBe(1);
    expect(stderr).toContain(`DIB_IMGMGR_AGENT_PATH is '${agent}', which is no file`);
  });

  it('starts nothing on a server without a job', async () => {
    const unit = await readFile(join(ELEMENTS, 'agent-install/init-scripts/systemd/imgmgr-agent.service'), 'utf8');
    expect(unit).toMatch(/^ConditionPathExists=\/run\/imgmgr\/job\.json$/m);
  });
});
