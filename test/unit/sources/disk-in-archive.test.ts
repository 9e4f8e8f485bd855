import {execFileSync} from 'node:child_process';
import {mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {Readable} from 'node:stream';
import {gzipSync} from 'node:zlib';
import {describe, expect, it, onTestFinished} from 'vitest';
import type {Member} from '../../fakes/tar-file.ts';
import {pax, tarFile} from '../../fakes/tar-file.ts';
import {qcow2} from '../core/image-bytes.ts';
import {digestOf, failure, noise, readAll, readUntilBroken, request, source} from './under-test.ts';

const IMAGE = Buffer.concat([qcow2(), noise(400_000)]);
const DISK = {name: 'disk.qcow2', content: IMAGE};

const open = (content: Buffer, more: Parameters<typeof request>[1] = {}) =>
  source({stdin: Readable.from([content], {objectMode: false})}).open(request('-', more));

async function refusal(members: readonly Member[], more: Parameters<typeof request>[1] = {}): Promise<string> {
  const opening = open(tarFile(members), more);
  const {error} = await readUntilBroken(opening).catch(async () => ({error: await failure(opening)}));
  expect(error.code).toBe('FORMAT_REFUSED');
  return error.message;
}

function folderOf(files: Readonly<Record<string, Buffer | string>>): string {
  const folder = mkdtempSync(join(tmpdir(), 'imgmgr-disk-in-tar-'));
  onTestFinished(() => rmSync(folder, {recursive: true}));
  for (const [name, content] of Object.entries(files)) writeFileSync(join(folder, name), content);
  return folder;
}

describe('the disk of a tar file', () => {
  it.each([
    ['alone', [DISK]],
    ['behind small files', [{name: 'README', content: 'text'}, {name: 'etc/', type: '5'}, DISK]],
    ['before small files', [DISK, {name: 'SHA256SUMS', content: 'x'}]],
    ['under the name of a text', [{name: 'README', content: IMAGE}]],
  ])('is taken out (%s); the demanded digest is that of the tar file', async (_, members) => {
    const packed = tarFile(members);
    const {content, opened} = await readAll(open(packed, {digest: digestOf(packed)}));
    expect(content.equals(IMAGE)).toBe(true);
    expect(opened.facts()).toMatchObject({servedBytes: packed.length, givenBytes: IMAGE.length, format: 'qcow2'});
    expect(opened.facts().unwrapped).toEqual(digestOf(IMAGE, 'sha512'));
  });

  it('may be any file of 1 MiB, which no content shows to be a disk', async () => {
    const plain = noise(1024 * 1024);
    const {content} = await readAll(open(tarFile([{name: 'a.raw', content: plain}]), {format: 'raw'}));
    expect(content.equals(plain)).toBe(true);
  });

  it.each([
    ['tar', ['-cf'], (tar: Buffer) => tar],
    ['tar.gz', ['-cf'], (tar: Buffer) => gzipSync(tar)],
    ['tar.xz', ['-cJf'], (tar: Buffer) => tar],
  ])('that the program tar packed (%s)', async (_, flags, pack) => {
    const folder = folderOf({'disk.qcow2': IMAGE});
    execFileSync('tar', ['-C', folder, ...flags, join(folder, 'x'), 'disk.qcow2']);
    expect((await readAll(open(pack(readFileSync(join(folder, 'x')))))).content.equals(IMAGE)).toBe(true);
  });

  it('of an OVA is its VMDK', async () => {
    const folder = folderOf({
      'vm.ovf': '<?xml version="1.0"?><Envelope/>',
      'vm.mf': 'SHA256(vm.ovf)= 00',
      raw: noise(300_000),
    });
    const vmdk = join(folder, 'vm-disk1.vmdk');
    execFileSync('qemu-img', [
      'convert',
      '-f',
      'raw',
      '-O',
      'vmdk',
      '-o',
      'subformat=streamOptimized',
      join(folder, 'raw'),
      vmdk,
    ]);
    execFileSync('tar', [
      '-C',
      folder,
      '--format=ustar',
      '-cf',
      join(folder, 'vm.ova'),
      'vm.ovf',
      'vm-disk1.vmdk',
      'vm.mf',
    ]);
    const {content, opened} = await readAll(open(readFileSync(join(folder, 'vm.ova')), {format: 'vmdk'}));
    expect(content.equals(readFileSync(vmdk))).toBe(true);
    expect(opened.facts().format).toBe('vmdk');
  });

  describe.each(['in front of it', 'behind it'])('of an OVA whose manifest is %s', (where) => {
    const ova = (line: string): Buffer => {
      const folder = folderOf({'vm.ovf': '<Envelope/>', 'vm.mf': `${line}\n`, 'vm.vmdk': IMAGE});
      const order = where === 'behind it' ? ['vm.ovf', 'vm.vmdk', 'vm.mf'] : ['vm.ovf', 'vm.mf', 'vm.vmdk'];
      execFileSync('tar', ['-C', folder, '--format=ustar', '-cf', join(folder, 'vm.ova'), ...order]);
      return readFileSync(join(folder, 'vm.ova'));
    };

    it.each(['sha1', 'sha256', 'sha512'] as const)(
      'is given where its %s is that of the manifest',
      async (algorithm) => {
        const line = `${algorithm.toUpperCase()}(vm.vmdk)= ${digestOf(IMAGE, algorithm).hex}`;
        expect((await readAll(open(ova(line)))).content.equals(IMAGE)).toBe(true);
        expect((await readAll(open(ova(line.replace(')= ', ') = '))))).content.equals(IMAGE)).toBe(true);
      },
    );

    it('is never given to its end where the manifest has another digest', async () => {
      const line = `SHA256(vm.vmdk)= ${'0'.repeat(64)}`;
      const {error, given} = await readUntilBroken(open(ova(line)));
      expect([error.code, error.message]).toEqual([
        'FORMAT_REFUSED',
        'stdin is a tar file that has other bytes in "vm.vmdk" than its manifest (.mf) says',
      ]);
      expect(given).toBeLessThan(IMAGE.length);
    });

    it('is given where the manifest says nothing of it', async () => {
      expect((await readAll(open(ova(`SHA256(vm.ovf)= ${'0'.repeat(64)}`)))).content.equals(IMAGE)).toBe(true);
    });
  });

  it('is looked at in the first bytes, and no cloud can fetch it itself', async () => {
    const probe = await source({stdin: Readable.from([tarFile([DISK])], {objectMode: false})}).probe(request('-'));
    expect(probe).toMatchObject({compressed: true, remote: false});
  });
});

describe('a tar file is refused', () => {
  it.each([
    ['without a disk', [{name: 'README', content: 'text'}], 'is a tar file that has no disk'],
    ['with a web page', [{name: 'a.qcow2', content: '<!doctype html><p>'}], 'is a tar file that has no disk'],
    ['with two disks', [DISK, {name: 'b', content: IMAGE}], 'is a tar file that has two disks ("disk.qcow2", "b")'],
    ['with a link', [{name: 'a', type: '2'}, DISK], 'is a tar file that has "a", which is neither a file nor a folder'],
    [
      'with a device',
      [DISK, {name: 'a', type: '4'}],
      'is a tar file that has "a", which is neither a file nor a folder',
    ],
    ['with a name outside', [{name: '../a', content: 'x'}, DISK], 'has a member outside of it: "../a"'],
    ['with a sparse disk', [pax({'GNU.sparse.size': '1'}), DISK], 'has a sparse file'],
    [
      'in a tar file in a tar file',
      [{name: 'a', content: tarFile([{name: 'b', content: tarFile([{name: 'c', content: noise(2 ** 21)}])}])}],
      'is packed more than 2 times (tar in tar in tar)',
    ],
    ['that names another format', [{name: 'disk.img', content: noise(2 ** 21)}], 'is raw'],
  ])('%s', async (_, members, message) => expect(await refusal(members)).toContain(`stdin ${message}`));

  it('when the digest is another one, whatever is in it', async () => {
    const opening = open(tarFile([DISK]), {digest: digestOf(Buffer.from('x'))});
    expect((await readUntilBroken(opening)).error.code).toBe('DIGEST_MISMATCH');
  });

  it('when the archive unpacks to more than the limit, whatever the disk in it has', async () => {
    const limits = {download: 1e9, unpacked: 1_000_000, virtual: 1e12};
    const zeros = gzipSync(Buffer.concat([tarFile([DISK]), Buffer.alloc(2_000_000)]));
    const many = gzipSync(
      tarFile([DISK, ...[1, 2, 3].map((at) => ({name: `${at}`, content: Buffer.alloc(500_000, 'x')}))]),
    );
    for (const packed of [zeros, many]) {
      const {error} = await readUntilBroken(open(packed, {limits}));
      expect(error.message).toBe('stdin is, unpacked, larger than the limit of 1000000 bytes');
    }
  });

  it('when it is cut off, or unpacks to more than the limit', async () => {
    const cut = open(tarFile([DISK]).subarray(0, 300_000));
    expect((await readUntilBroken(cut)).error.message).toContain('stdin is cut off');
    const limits = {download: 1e9, unpacked: 100_000, virtual: 1e12};
    expect(await refusal([DISK], {limits})).toContain('is, unpacked, larger than the limit of 100000 bytes');
  });
});
