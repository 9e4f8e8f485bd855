import {execFileSync} from 'node:child_process';
import {mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {describe, expect, it, onTestFinished} from 'vitest';
import {tarEntries} from '../../../src/sources/tar.ts';
import {pax, tarFile} from '../../fakes/tar-file.ts';
import {failure, noise} from './under-test.ts';

interface Read {
  readonly path: string;
  readonly kind: string;
  readonly content: string;
}

async function read(file: Uint8Array, {step = 4096, skip = false} = {}): Promise<Read[]> {
  const found: Read[] = [];
  for await (const {path, kind, content} of tarEntries(pieces(file, step), 'x.tar')) {
    const parts: Uint8Array[] = [];
    if (!skip) for await (const part of content) parts.push(part);
    found.push({path, kind, content: Buffer.concat(parts).toString('latin1')});
  }
  return found;
}

async function* pieces(file: Uint8Array, step: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < file.length; at += step) yield Promise.resolve(file.subarray(at, at + step));
  await Promise.resolve();
}

const refusal = async (file: Uint8Array): Promise<string> => {
  const {code, message} = await failure(read(file));
  expect(code).toBe('FORMAT_REFUSED');
  return message;
};

describe('members of a tar file', () => {
  it.each(['ustar', 'pax', 'gnu', 'v7', 'oldgnu'])('are those that tar --format=%s packed', async (format) => {
    const folder = mkdtempSync(join(tmpdir(), 'imgmgr-tar-'));
    onTestFinished(() => rmSync(folder, {recursive: true}));
    const deep = format === 'v7' ? 'deep' : `${'long/'.repeat(18)}${'n'.repeat(format === 'ustar' ? 40 : 140)}`;
    mkdirSync(join(folder, 'disk', deep), {recursive: true});
    const content = noise(70_001);
    writeFileSync(join(folder, 'disk', deep, 'a.img'), content);
    writeFileSync(join(folder, 'disk', 'empty'), '');
    execFileSync('tar', ['-C', folder, `--format=${format}`, '-cf', join(folder, 'x.tar'), './disk']);
    const entries = await read(readFileSync(join(folder, 'x.tar')));
    const files = entries.filter(({kind}) => kind === 'file');
    expect(files).toContainEqual({path: `disk/${deep}/a.img`, kind: 'file', content: content.toString('latin1')});
    expect(files).toContainEqual({path: 'disk/empty', kind: 'file', content: ''});
    expect(entries).toContainEqual({path: 'disk', kind: 'directory', content: ''});
  });

  it.each([1, 7, 511, 512, 513, 100_000])('are the same in pieces of %i bytes, read or skipped', async (step) => {
    const file = tarFile([
      {name: './a', content: noise(1500)},
      {name: '/b//c', content: 'x'},
      {name: 'd/', type: '5'},
    ]);
    const entries = await read(file, {step});
    expect(entries.map(({path}) => path)).toEqual(['a', 'b/c', 'd']);
    expect(entries[0]?.content).toBe(noise(1500).toString('latin1'));
    expect((await read(file, {step, skip: true})).map(({path}) => path)).toEqual(['a', 'b/c', 'd']);
  });

  it('may end without blocks of zeros, or with any number of them', async () => {
    for (const end of [0, 512, 1024, 10_240]) {
      expect(await read(tarFile([{name: 'a', content: 'x'}], Buffer.alloc(end)))).toHaveLength(1);
    }
  });

  it('have the name and size of their pax header, and a size beyond octal digits', async () => {
    const file = tarFile([pax({path: 'disk/ä', size: '3'}), {name: 'short', content: 'xyz', size: 0}]);
    expect(await read(file)).toEqual([{path: 'disk/ä', kind: 'file', content: 'xyz'}]);
    const binary = (block: Buffer): void => {
      block.fill(0, 124, 136);
      block.writeUInt32BE(0x80000000, 124);
      block.writeUInt32BE(3, 132);
    };
    expect(await read(tarFile([{name: 'a', content: 'xyz', header: binary}]))).toHaveLength(1);
  });

  it('links and devices have no content, and are neither files nor folders', async () => {
    const file = tarFile(['1', '2', '3', '4', '6'].map((type) => ({name: `a${type}`, type})));
    expect((await read(file)).map(({kind}) => kind)).toEqual(Array(5).fill('other'));
  });
});

describe('a tar file is refused', () => {
  it.each([10, 512, 600, 1024])('when it is cut off at byte %i', async (length) => {
    const whole = tarFile([
      {name: 'a', content: noise(700)},
      {name: 'b', content: noise(700)},
    ]);
    expect(await refusal(whole.subarray(0, length))).toBe('x.tar is cut off');
  });

  it('when a header was changed', async () => {
    const file = tarFile([{name: 'a', content: 'x'}]);
    file.write('b', 0);
    expect(await refusal(file)).toBe('x.tar has a header with a wrong checksum');
  });

  it('when something stands behind its end', async () => {
    const file = Buffer.concat([tarFile([{name: 'a'}]), tarFile([{name: 'b'}])]);
    expect(await refusal(file)).toBe('x.tar has something behind its end');
  });

  it.each([
    [[{name: 'a/../../etc/x', content: 'x'}], 'x.tar has a member outside of it: "a/../../etc/x"'],
    [[{name: 'a', type: '2', content: 'x'}], 'x.tar has a member without content that has 1 bytes'],
    [[{name: 'a', type: 'S', content: 'x'}], 'x.tar has a member of the type "S"'],
    [[{name: 'a/', content: 'x'}], 'x.tar has a folder with content'],
    [[pax({'GNU.sparse.major': '1'}), {name: 'a'}], 'x.tar has a sparse file'],
    [[pax({size: '3'}, 'g'), {name: 'a'}], 'x.tar has a global header with size'],
    [[pax({size: '-3'}), {name: 'a'}], 'x.tar has a member without a readable size'],
    [[pax({size: '9'.repeat(16)}), {name: 'a'}], 'x.tar has a member without a readable size'],
    [[pax({path: 'a\0b'}), {name: 'a'}], 'x.tar has a name with a zero byte'],
    [[{name: 'p', type: 'x', content: '99 path=a\n'}, {name: 'a'}], 'x.tar has an extended header that cannot be read'],
    [[{name: 'p', type: 'x', content: '8 path=a\n'}, {name: 'a'}], 'x.tar has an extended header that cannot be read'],
    [
      [{name: 'p', type: 'x', content: '10 path=a\n10 path=b\n'}, {name: 'a'}],
      'x.tar has an extended header that says path twice',
    ],
    [[pax({path: 'a'.repeat(4097)}), {name: 'a'}], 'x.tar has a name of 4097 characters'],
    [[pax({path: 'a'})], 'x.tar ends behind a header of a member'],
    [[{name: 'p', type: 'x', size: 2 ** 21}], 'x.tar has a header of 2097152 bytes'],
  ])('%#: for what programs read in more than one way, or nobody writes', async (members, message) => {
    expect(await refusal(tarFile(members))).toBe(message);
  });

  it('when a size is no number', async () => {
    const header = (block: Buffer): void => void block.write('99999999999\0', 124);
    expect(await refusal(tarFile([{name: 'a', header}]))).toBe('x.tar has a member without a readable size');
  });

  it('closes what it reads from when it is left early', async () => {
    let closed = false;
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        yield tarFile([{name: 'a', size: 2 ** 32}], Buffer.alloc(0));
        for (;;) yield Promise.resolve(Buffer.alloc(65_536));
      } finally {
        closed = true;
        await Promise.resolve();
      }
    }
    for await (const {content} of tarEntries(endless(), 'x.tar')) {
      expect((await content.next()).done).toBe(false);
      break;
    }
    expect(closed).toBe(true);
  });
});
