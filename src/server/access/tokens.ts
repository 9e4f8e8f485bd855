import {statSync} from 'node:fs';
import {join} from 'node:path';
import {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import {replaceFile} from '../../host/durable.ts';
import {hasCode} from '../../host/fs-error.ts';
import {tryLock} from '../../host/lock.ts';
import {makePrivateFolder} from '../../host/private-folder.ts';
import {readRegularFileSync, unreadable} from '../../host/regular-file.ts';
import type {Role} from '../contract/session.ts';
import {role} from '../contract/session.ts';
import {GLOB_PATTERN} from './glob.ts';
import {hashOf, newSecret, sameHash} from './secret.ts';

const kept = z.strictObject({
  name: z.string(),
  role,
  clouds: z.exactOptional(z.string()),
  /** ISO 8601. */
  createdAt: z.string(),
  expiresAt: z.exactOptional(z.string()),
  /** Of the token: SHA-256, hexadecimal. */
  hash: z.string(),
});
const file = z.strictObject({version: z.literal(1), tokens: z.array(kept)});

/** A token as it is kept. */
export type KeptToken = z.infer<typeof kept>;

/** What a token is made of. */
export interface NewToken {
  readonly name: string;
  readonly role: Role;
  readonly clouds?: string;
  /** Milliseconds from now on; absent: it does not expire. */
  readonly lifeMs?: number;
}

const LARGEST = 1024 * 1024;
const MOST = 1000;
const NAME = /^[\w.@-]{1,100}$/;
/** By which people and scanners for secrets recognise one. */
const PREFIX = 'imgmgr_';

/** The tokens of the server in its folder, read again whenever the file changes. */
export class Tokens {
  readonly #folder: string;
  readonly #now: () => Date;
  #seen = '';
  #tokens: readonly KeptToken[] = [];

  constructor(folder: string, now: () => Date) {
    this.#folder = folder;
    this.#now = now;
  }

  /** All tokens, expired ones too. CONFIG where the file is not what we write, or others may read it. */
  list(): readonly KeptToken[] {
    const path = this.#path();
    const stats = statSync(path, {throwIfNoEntry: false});
    if (!stats) return [];
    const seen = [stats.ino, stats.mtimeMs, stats.ctimeMs, stats.size].join(' ');
    if (seen === this.#seen) return this.#tokens;
    if ((stats.mode & 0o077) !== 0)
      throw new ImgmgrError('CONFIG', `${path} can be read by others`, {hint: `chmod 600 ${path}`});
    this.#tokens = readTokens(path);
    this.#seen = seen;
    return this.#tokens;
  }

  /** The token with that text; undefined where there is none, or it is over. */
  find(token: string): KeptToken | undefined {
    const hash = hashOf(token);
    let found: KeptToken | undefined;
    for (const one of this.list()) if (sameHash(one.hash, hash)) found = one;
    return found && !this.#isOver(found) ? found : undefined;
  }

  /** True while that very token is there and not over: not a later one of the same name. */
  isThere({name, hash}: Pick<KeptToken, 'name' | 'hash'>): boolean {
    return this.list().some((one) => one.name === name && sameHash(one.hash, hash) && !this.#isOver(one));
  }

  /** Makes a token; its text is nowhere else. USAGE for a name that is taken or cannot be one. */
  async add({name, role: ofToken, clouds, lifeMs}: NewToken): Promise<string> {
    if (!NAME.test(name))
      throw new ImgmgrError('USAGE', `"${name}" cannot be the name of a token`, {
        hint: 'use letters, digits and . _ - @, at most 100',
      });
    if (clouds !== undefined && !GLOB_PATTERN.test(clouds))
      throw new ImgmgrError('USAGE', `--clouds takes a pattern for names of clouds, not "${clouds}"`, {
        hint: '* is any text, ? one character; other characters than letters, digits, blanks and . _ - @ + are not taken',
      });
    const token = PREFIX + newSecret();
    const now = this.#now();
    await this.#change((tokens) => {
      if (tokens.some((one) => one.name === name))
        throw new ImgmgrError('USAGE', `there is a token "${name}"`, {
          hint: 'take another name, or remove it first: imgmgr serve token remove NAME',
        });
      if (tokens.length >= MOST)
        throw new ImgmgrError('LIMIT', `there are ${MOST} tokens`, {hint: 'remove those that nobody uses'});
      const times = {
        createdAt: now.toISOString(),
        ...(lifeMs !== undefined && {expiresAt: new Date(now.getTime() + lifeMs).toISOString()}),
      };
      return [...tokens, {name, role: ofToken, ...(clouds !== undefined && {clouds}), ...times, hash: hashOf(token)}];
    });
    return token;
  }

  /** Removes the token; it opens nothing from then on, nor do logins that were made with it. USAGE where there is none. */
  async remove(name: string): Promise<void> {
    await this.#change((tokens) => {
      const rest = tokens.filter((one) => one.name !== name);
      if (rest.length < tokens.length) return rest;
      throw new ImgmgrError('USAGE', `there is no token "${name}"`, {hint: 'imgmgr serve token list names them'});
    });
  }

  #path(): string {
    return join(this.#folder, 'tokens.json');
  }

  #isOver({expiresAt}: KeptToken): boolean {
    return expiresAt !== undefined && Date.parse(expiresAt) <= this.#now().getTime();
  }

  async #change(change: (tokens: readonly KeptToken[]) => readonly KeptToken[]): Promise<void> {
    await makePrivateFolder(this.#folder);
    const lock = await tryLock({path: join(this.#folder, 'tokens.lock'), aside: this.#folder, prefix: '.lock-'});
    if (!lock)
      throw new ImgmgrError('LOCKED', 'another process changes the tokens at this moment', {hint: 'try it again'});
    try {
      const text = JSON.stringify({version: 1, tokens: change(this.list())}, undefined, 2);
      await replaceFile({path: this.#path(), text: `${text}\n`});
    } finally {
      await lock.release();
    }
  }
}

function readTokens(path: string): readonly KeptToken[] {
  let text: string;
  try {
    text = readRegularFileSync(path, {maxBytes: LARGEST}).toString('utf8');
  } catch (cause) {
    if (hasCode(cause, 'ENOENT')) return [];
    throw new ImgmgrError('CONFIG', `${path} ${unreadable(cause)}`, {cause, hint: 'look at its owner and mode'});
  }
  try {
    return file.parse(JSON.parse(text)).tokens;
  } catch (cause) {
    throw new ImgmgrError('CONFIG', `${path} is not what imgmgr writes`, {
      cause,
      hint: 'remove the file, and make the tokens anew with imgmgr serve token add',
    });
  }
}
