import {describe, expect, it} from 'vitest';
import {Logins} from '../../../../src/server/access/logins.ts';
import {Tokens} from '../../../../src/server/access/tokens.ts';
import {useFolder} from '../../build/folder.ts';
import {Clock} from './clock.ts';

const folder = useFolder();
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;

function begin(): {readonly clock: Clock; readonly tokens: Tokens; readonly logins: Logins} {
  const clock = new Clock();
  const tokens = new Tokens(folder.path(), clock.now);
  return {clock, tokens, logins: new Logins(tokens, clock)};
}

describe('the code of a one-time URL', () => {
  it('logs in once, as an operator, for 12 hours', () => {
    const {clock, logins} = begin();
    const code = logins.newCode('ann');
    const {secret = '', identity} = logins.withCode(code) ?? {};
    expect(identity).toEqual({
      ...{user: 'ann', role: 'operator', by: 'cookie'},
      expiresMs: clock.now().getTime() + 12 * HOUR_MS,
    });
    expect([logins.withCode(code), logins.withCode(''), logins.withCode(secret)]).toEqual([
      ...[undefined, undefined, undefined],
    ]);
    clock.pass(12 * HOUR_MS - 1);
    expect(logins.find(secret)).toEqual(identity);
    clock.pass(1);
    expect(logins.find(secret)).toBeUndefined();
  });

  it('is over after ten minutes', () => {
    const {clock, logins} = begin();
    const [inTime, late] = [logins.newCode('ann'), logins.newCode('ann')];
    clock.pass(10 * MINUTE_MS - 1);
    expect(logins.withCode(inTime)).toBeDefined();
    clock.pass(1);
    expect(logins.withCode(late)).toBeUndefined();
  });

  it('is one of the last twenty', () => {
    const {logins} = begin();
    const codes = Array.from({length: 21}, () => logins.newCode('ann'));
    expect(codes.map((code) => logins.withCode(code) !== undefined)).toEqual([
      false,
      ...codes.slice(1).map(() => true),
    ]);
  });
});

describe('a clock that is set back', () => {
  it.each([-HOUR_MS, -400 * 24 * HOUR_MS])('by %d ms lengthens neither codes nor logins', (back) => {
    const {clock, logins} = begin();
    const [code, other] = [logins.newCode('ann'), logins.newCode('ann')];
    const {secret = ''} = logins.withCode(other) ?? {};
    clock.set(back);
    clock.pass(10 * MINUTE_MS);
    expect(logins.withCode(code)).toBeUndefined();
    clock.pass(12 * HOUR_MS - 10 * MINUTE_MS - 1);
    expect(logins.find(secret)).toBeDefined();
    clock.pass(1);
    expect(logins.find(secret)).toBeUndefined();
  });

  it('and ahead again leaves them as they were; one that stays ahead ends them', () => {
    const {clock, logins} = begin();
    const {secret = ''} = logins.withCode(logins.newCode('ann')) ?? {};
    clock.set(-24 * HOUR_MS);
    clock.set(24 * HOUR_MS);
    expect(logins.find(secret)).toBeDefined();
    clock.set(13 * HOUR_MS);
    expect(logins.find(secret)).toBeUndefined();
    clock.set(-13 * HOUR_MS);
    // What was over stays over.
    expect(logins.find(secret)).toBeUndefined();
  });
});

describe('a login with a token', () => {
  it('has its role and clouds, and ends with it, at the latest after 12 hours', async () => {
    const {clock, tokens, logins} = begin();
    const short = await tokens.add({name: 'short', role: 'viewer', clouds: 'prod-*', lifeMs: HOUR_MS});
    const long = await tokens.add({name: 'long', role: 'operator', lifeMs: 100 * HOUR_MS});
    const [a, b] = [logins.withToken(short), logins.withToken(long)];
    const from = clock.now().getTime();
    expect(a?.identity).toEqual({
      ...{user: 'short', role: 'viewer', clouds: 'prod-*', by: 'cookie', expiresMs: from + HOUR_MS},
    });
    expect(b?.identity).toMatchObject({role: 'operator', expiresMs: from + 12 * HOUR_MS});
    clock.pass(HOUR_MS);
    expect([logins.find(a?.secret ?? ''), logins.withToken(short)]).toEqual([undefined, undefined]);
    expect(logins.find(b?.secret ?? '')).toEqual(b?.identity);
  });

  it('is out as soon as the token is removed, also where another takes its name', async () => {
    const {tokens, logins} = begin();
    const text = await tokens.add({name: 'a', role: 'viewer'});
    const {secret = ''} = logins.withToken(text) ?? {};
    expect(logins.find(secret)?.user).toBe('a');
    await tokens.remove('a');
    await tokens.add({name: 'a', role: 'operator'});
    expect(logins.find(secret)).toBeUndefined();
    expect(logins.withToken(text)).toBeUndefined();
  });
});

it('who logs out is out; of 1,001 logins the first is forgotten', () => {
  const {logins} = begin();
  const secrets = Array.from({length: 1001}, () => logins.withCode(logins.newCode('ann'))?.secret ?? '');
  expect(new Set(secrets).size).toBe(1001);
  expect(secrets.map((secret) => logins.find(secret) !== undefined)).toEqual([
    false,
    ...secrets.slice(1).map(() => true),
  ]);
  logins.end(secrets[5] ?? '');
  logins.end('none');
  expect([logins.find(secrets[5] ?? ''), logins.find('')]).toEqual([undefined, undefined]);
});
