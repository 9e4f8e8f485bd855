import {readFile, rename} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {ImgmgrError} from '../../../src/errors.ts';
import type {Explanation, Refusal} from '../../../src/host/fs-error.ts';
import {asFileSystemError, codeOf, hasCode, ifThere, refusalKind} from '../../../src/host/fs-error.ts';
import {UntrustedFolderError} from '../../../src/host/trusted-folder.ts';
import {useFolder} from '../build/folder.ts';

const folder = useFolder();

function refused(code: string, paths: {readonly path?: string; readonly dest?: string} = {}): Error {
  return Object.assign(new Error(`${code}: the disk says no`), {code, ...paths});
}

function explain({kind, place, code, reason}: Refusal): Explanation | undefined {
  if (kind === 'other') return undefined;
  return {code: 'DISK_FULL', message: `${kind} ${place} ${code} ${reason}`, hint: 'make room'};
}

describe('an error of the file system', () => {
  it.each([
    ['ENOSPC', 'full'],
    ['EDQUOT', 'full'],
    ['EFBIG', 'full'],
    ['EROFS', 'read-only'],
    ['EACCES', 'denied'],
    ['EPERM', 'denied'],
    ['ENOTDIR', 'no-folder'],
    ['EEXIST', 'no-folder'],
    ['ELOOP', 'no-folder'],
    ['ENAMETOOLONG', 'no-folder'],
    ['EIO', 'other'],
    ['ESTALE', 'other'],
  ])('%s is of the kind %s', (code, kind) => {
    expect(refusalKind(refused(code))).toBe(kind);
  });

  it('that another user could exchange the place is a kind of its own', () => {
    expect(refusalKind(new UntrustedFolderError('/x belongs to another user'))).toBe('foreign');
  });

  it('is explained by its caller, with the path that was refused, and is the cause', () => {
    const error = refused('ENOSPC', {path: '/a', dest: '/b'});
    const reported = asFileSystemError(error, {path: '/root', explain});
    expect(reported).toBeInstanceOf(ImgmgrError);
    expect(reported).toMatchObject({
      code: 'DISK_FULL',
      message: 'full /b ENOSPC ENOSPC: the disk says no',
      place: '/b',
      hint: 'make room',
      cause: error,
    });
  });

  it.each([
    ['the path of the call', {path: '/a'}, false, '/a'],
    ['its own where the system names none', {}, false, '/root'],
    ['its own where only that matters', {path: '/a', dest: '/b'}, true, '/root'],
  ])('is told of %s', (_, paths, exact, place) => {
    expect(asFileSystemError(refused('EACCES', paths), {path: '/root', exact, explain})).toMatchObject({place});
  });

  it('that the caller does not explain, an ImgmgrError, and what is none stay as they are', () => {
    for (const error of [refused('EIO'), new ImgmgrError('TIMEOUT', 'late'), new Error('no code'), 'text'])
      expect(asFileSystemError(error, {path: '/root', explain})).toBe(error);
  });

  it('is known by its code', () => {
    expect(codeOf(refused('EIO'))).toBe('EIO');
    expect([codeOf(new Error('x')), codeOf('EIO')]).toEqual(['', '']);
    expect(hasCode(refused('EIO'), 'ENOENT', 'EIO')).toBe(true);
    expect(hasCode(refused('EIO'), 'ENOENT')).toBe(false);
  });
});

describe('a call that needs something to be there', () => {
  it('gives nothing where nothing is, or with one of the other codes', async () => {
    const none = join(folder.path(), 'none');
    expect(await ifThere(readFile(none))).toBeUndefined();
    expect(await ifThere(rename(none, `${none}2`).then(() => true))).toBeUndefined();
    expect(await ifThere(readFile(folder.path()), 'EISDIR')).toBeUndefined();
    expect(await ifThere(Promise.resolve('x'))).toBe('x');
  });

  it('fails with every other error', async () => {
    await expect(ifThere(readFile(folder.path()))).rejects.toMatchObject({code: 'EISDIR'});
  });
});
