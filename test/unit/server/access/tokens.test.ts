import {chmod, mkdir, readFile, stat, symlink, utimes, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {describe, expect, it} from 'vitest';
import {ImgmgrError} from '../../../../src/errors.ts';
import {hashOf, newSecret, sameHash} from '../../../../src/server/access/secret.ts';
import {Tokens} from '../../../../src/server/access/tokens.ts';
import {useFolder} from '../../build/folder.ts';
import {Clock, refusalOf} from './clock.ts';

const folder = useFolder();
const DAY_MS = 86_400_000;
const path = (): string => join(folder.path(), 'server', 'tokens.json');

function tokens(clock = new Clock()): Tokens {
  return new Tokens(join(folder.path(), 'server'), clock.now);
}

describe('a token', () => {
  it('is found by its text alone, and is kept as a hash in a file of mode 0600', async () => {
    const of = tokens();
    const text = await of.add({name: 'grafana', role: 'metrics'});
    expect(text).toMatch(/^imgmgr_[\w-]{43}$/);
    expect(of.find(text)).toMatchObject({name: 'grafana', role: 'metrics', hash: hashOf(text)});
    for (const other of ['', 'imgmgr_', `${text}x`, text.slice(0, -1), hashOf(text), text.toLowerCase()])
      expect(of.find(other)).toBeUndefined();
    const kept = await readFile(path(), 'utf8');
    expect(kept).not.toContain(text.slice(7));
    expect((await stat(path())).mode & 0o777).toBe(0o600);
  });

  it('is removed at once, also for another process that has read the file', async () => {
    const [one, other] = [tokens(), tokens()];
    const text = await one.add({name: 'a', role: 'viewer'});
    const kept = other.find(text);
    expect(kept?.name).toBe('a');
    await one.remove('a');
    expect([other.find(text), kept && other.isThere(kept)]).toEqual([undefined, false]);
    // A later one of the same name is another one.
    await one.add({name: 'a', role: 'operator'});
    expect([other.find(text), kept && other.isThere(kept)]).toEqual([undefined, false]);
  });

  it('ends at its time, to the millisecond, whatever the clock did in between', async () => {
    const clock = new Clock();
    const of = tokens(clock);
    const text = await of.add({name: 'a', role: 'viewer', lifeMs: 90 * DAY_MS});
    clock.pass(90 * DAY_MS - 1);
    expect(of.find(text)?.name).toBe('a');
    clock.pass(1);
    expect(of.find(text)).toBeUndefined();
    clock.set(-DAY_MS);
    expect(of.find(text)?.name).toBe('a');
    clock.set(400 * DAY_MS);
    expect(of.find(text)).toBeUndefined();
    expect(of.list()).toHaveLength(1);
  });

  it.each(['', 'a b', 'a/b', '../a', 'ä', 'a\n', 'x'.repeat(101)])('cannot be named %j', async (name) => {
    expect(await refusalOf(tokens().add({name, role: 'viewer'}))).toBe('USAGE');
  });

  it.each(['', 'a[b]', 'ä*', 'a\n', 'x'.repeat(256)])('cannot be limited to clouds %j', async (clouds) => {
    expect(await refusalOf(tokens().add({name: 'a', role: 'viewer', clouds}))).toBe('USAGE');
  });

  it('has a name of its own; what is not there is not removed; there are 1,000 at most', async () => {
    const of = tokens();
    await of.add({name: 'a', role: 'viewer'});
    expect(await refusalOf(of.add({name: 'a', role: 'viewer'}))).toBe('USAGE');
    expect(await refusalOf(of.remove('b'))).toBe('USAGE');
    const [kept] = of.list();
    const many = Array.from({length: 1000}, (_, at) => ({...kept, name: `t${at}`}));
    await writeFile(path(), JSON.stringify({version: 1, tokens: many}), {mode: 0o600});
    expect(await refusalOf(of.add({name: 'a', role: 'viewer'}))).toBe('LIMIT');
  });

  it('is not lost where two are made at once: one of them is told to try again', async () => {
    const made = await Promise.allSettled(['a', 'b', 'c'].map(async (name) => tokens().add({name, role: 'viewer'})));
    const added = made.filter(({status}) => status === 'fulfilled');
    for (const one of made) if (one.status === 'rejected') expect((one.reason as ImgmgrError).code).toBe('LOCKED');
    expect(tokens().list()).toHaveLength(added.length);
    expect(added.length).toBeGreaterThan(0);
  });
});

describe('the file of tokens', () => {
  const code = (of: Tokens): string => {
    try {
      of.list();
    } catch (error) {
      return error instanceof ImgmgrError ? error.code : String(error);
    }
    return '';
  };

  it('lets nobody in while others may read it, and does again when that is mended', async () => {
    const of = tokens();
    const text = await of.add({name: 'a', role: 'viewer'});
    expect(of.find(text)?.name).toBe('a');
    await chmod(path(), 0o640);
    expect(code(of)).toBe('CONFIG');
    await chmod(path(), 0o600);
    expect(of.find(text)?.name).toBe('a');
  });

  it.each([
    ['no JSON', '{'],
    ['another version', '{"version": 2, "tokens": []}'],
    ['a field that is not ours', '{"version": 1, "tokens": [], "more": 1}'],
    ['a role that is none', '{"version": 1, "tokens": [{"name": "a", "role": "root", "createdAt": "", "hash": ""}]}'],
    ['a mebibyte and more', ' '.repeat(1024 * 1024 + 1)],
  ])('of %s is refused', async (_, text) => {
    await mkdir(join(folder.path(), 'server'), {mode: 0o700});
    await writeFile(path(), text, {mode: 0o600});
    expect(code(tokens())).toBe('CONFIG');
  });

  it('may be a link, to one that others cannot read', async () => {
    await mkdir(join(folder.path(), 'server'), {mode: 0o700});
    const elsewhere = join(folder.path(), 'elsewhere.json');
    await writeFile(elsewhere, '{"version": 1, "tokens": []}', {mode: 0o600});
    await symlink(elsewhere, path());
    expect(code(tokens())).toBe('');
    await chmod(elsewhere, 0o644);
    expect(code(tokens())).toBe('CONFIG');
  });

  it('is read anew though another one has its length and time', async () => {
    const of = tokens();
    const text = await of.add({name: 'a', role: 'viewer'});
    const {atime, mtime} = await stat(path());
    expect(of.find(text)?.name).toBe('a');
    await writeFile(path(), (await readFile(path(), 'utf8')).replace('"a"', '"b"'));
    await utimes(path(), atime, mtime);
    expect(of.find(text)?.name).toBe('b');
  });

  it('need not be there', () => {
    expect([tokens().list(), tokens().find('x')]).toEqual([[], undefined]);
  });
});

it('a secret has 256 random bits; hashes are compared whole', () => {
  const made = new Set(Array.from({length: 100}, () => newSecret()));
  expect(made.size).toBe(100);
  for (const secret of made) expect(Buffer.from(secret, 'base64url')).toHaveLength(32);
  const hash = hashOf('x');
  expect([sameHash(hash, hash), sameHash(hash, hashOf('y')), sameHash(hash, ''), sameHash(hash, `${hash}0`)]).toEqual([
    ...[true, false, false, false],
  ]);
});
