import {describe, expect, it} from 'vitest';
import type {HostLook, Wants} from '../../../src/build/requirements.ts';
import {ALL_TOOLS, judgeHost} from '../../../src/build/requirements.ts';
import type {ImgmgrError} from '../../../src/errors.ts';

const GIB = 1024 ** 3;
const HOST: HostLook = {
  root: true,
  tools: new Set(ALL_TOOLS),
  standIns: false,
  loops: true,
  vfat: true,
  machine: 'x86_64',
  foreign: [],
  workRoot: '/var/tmp',
  freeBytes: 100 * GIB,
};
const WANTS: Wants = {
  spec: {environment: {}, formats: ['qcow2']},
  machine: 'x86_64',
  elements: ['debian-minimal', 'debootstrap', 'vm', 'block-device-mbr'],
};

function without(...tools: string[]): HostLook {
  return {...HOST, tools: new Set(ALL_TOOLS.filter((each) => !tools.includes(each)))};
}

function judge(host: Partial<HostLook>, wants: Partial<Wants> = {}): ImgmgrError | undefined {
  return judgeHost({...HOST, ...host}, {...WANTS, ...wants});
}

describe('a host', () => {
  it('that has all can build', () => {
    expect(judge({})).toBeUndefined();
  });

  it('is told all that it lacks at once, with one command', () => {
    const error = judge({...without('debootstrap', 'kpartx', 'qemu-img'), root: false});
    expect(error?.code).toBe('UNSUPPORTED');
    expect(error?.message).toBe(
      'this host cannot build the image: it needs root; missing: qemu-img, kpartx, debootstrap',
    );
    expect(error?.hint).toBe('apt install debootstrap kpartx qemu-utils; then run imgmgr as root');
  });

  it.each<[string, string[], string, string]>([
    ['debootstrap', ['debian-minimal'], 'missing: debootstrap', 'apt install debootstrap'],
    ['debootstrap', ['ubuntu-minimal'], 'missing: debootstrap', 'apt install debootstrap'],
    ['sgdisk', ['block-device-efi'], 'missing: sgdisk', 'apt install gdisk'],
    ['sgdisk', ['block-device-gpt'], 'missing: sgdisk', 'apt install gdisk'],
    ['mkfs.vfat', ['block-device-efi-lvm'], 'missing: mkfs.vfat', 'apt install dosfstools'],
    ['lvcreate', ['block-device-efi-lvm'], 'missing: lvcreate', 'apt install lvm2'],
    ['zypper', ['opensuse-minimal'], 'missing: zypper', 'apt install zypper'],
    ['curl', ['ubuntu'], 'missing: curl', 'apt install curl'],
    ['git', ['source-repositories'], 'missing: git', 'apt install git'],
    ['sfdisk', [], 'missing: sfdisk', 'apt install fdisk'],
    ['sudo', [], 'missing: sudo', 'apt install sudo'],
  ])('needs %s for %j', (tool, elements, message, hint) => {
    expect(judge(without(tool), {elements: []}) === undefined).toBe(elements.length > 0);
    const error = judge(without(tool), {elements});
    expect(error?.message).toContain(message);
    expect(error?.hint).toBe(hint);
  });

  it('needs nothing for elements that are not built', () => {
    const host = without(
      'debootstrap',
      'sgdisk',
      'mkfs.vfat',
      'dnf',
      'yum',
      'rpm',
      'zypper',
      'podman',
      'docker',
      'curl',
      'git',
    );
    expect(judge(host, {elements: ['my-own', 'vm', 'block-device-mbr']})).toBeUndefined();
  });

  it('needs one of two tools that do the same', () => {
    const wants = {elements: ['rocky-container', 'containerfile']};
    expect(judge(without('podman'), wants)).toBeUndefined();
    expect(judge(without('podman', 'docker'), wants)?.message).toContain('missing: podman or docker');
    expect(judge(without('yum'), {elements: ['centos-minimal', 'yum-minimal']})).toBeUndefined();
    expect(judge(without('yum', 'dnf'), {elements: ['centos-minimal']})?.hint).toBe('apt install dnf');
  });

  it('without device-mapper needs no kpartx, dmsetup and sudo: ours stand in', () => {
    expect(judge({...without('kpartx', 'dmsetup', 'sudo'), standIns: true})).toBeUndefined();
    expect(judge(without('kpartx', 'dmsetup', 'sudo'))?.hint).toBe('apt install dmsetup kpartx sudo');
  });

  it('without vfat cannot make a disk for UEFI', () => {
    const error = judge({vfat: false}, {elements: ['debian-minimal', 'vm', 'block-device-efi']});
    expect(error?.code).toBe('UNSUPPORTED');
    expect(error?.message).toContain('the kernel has no vfat');
    expect(error?.hint).toBe('build on another host');
    expect(judge({vfat: false})).toBeUndefined();
  });

  it('needs the tool of GPT for a disk for UEFI, and neither for one with an MBR', () => {
    const wants = {machine: 'aarch64', elements: ['vm', 'block-device-efi']} as const;
    expect(judge({...without('sgdisk'), machine: 'aarch64'}, wants)?.message).toContain('missing: sgdisk');
    const mbr = {...wants, elements: ['vm', 'block-device-mbr']};
    expect(judge({...without('sgdisk'), machine: 'aarch64', vfat: false}, mbr)).toBeUndefined();
  });

  it('builds for another machine only with its emulator', () => {
    const error = judge({}, {machine: 'aarch64', elements: ['my-own']});
    expect(error?.message).toContain('programs for aarch64 do not run on this x86_64');
    expect(error?.hint).toBe('apt install binfmt-support qemu-user-static');
    expect(judge({foreign: ['aarch64']}, {machine: 'aarch64', elements: ['my-own']})).toBeUndefined();
  });

  it('without loop devices cannot build', () => {
    expect(judge({loops: false})?.message).toContain('no loop devices');
  });

  it('needs the tools of another file system', () => {
    const spec = {...WANTS.spec, environment: {FS_TYPE: 'xfs'}};
    expect(judge(without('mkfs.xfs'), {spec})?.hint).toBe('apt install xfsprogs');
    expect(judge(without('mkfs.xfs'))).toBeUndefined();
  });

  it.each([
    [undefined, 4.9, 'has 4.9 GiB free, the build needs 5.0 GiB'],
    [undefined, 5, undefined],
    [10, 19.5, 'has 19.5 GiB free, the build needs 20.0 GiB'],
    [10, 20, undefined],
    [1, 4, 'has 4.0 GiB free, the build needs 5.0 GiB'],
  ])('for a disk of %s GiB with %s GiB free: %s', (sizeGib, free, message) => {
    const spec = sizeGib === undefined ? WANTS.spec : {...WANTS.spec, sizeGib};
    const error = judge({freeBytes: free * GIB}, {spec});
    expect(error?.code).toBe(message === undefined ? undefined : 'DISK_FULL');
    expect(error?.message).toBe(message && `/var/tmp ${message}`);
  });
});
