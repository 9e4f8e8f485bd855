import {describe, expect, it, test} from 'vitest';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import {scrubDeep, scrubEvent} from '../../../src/secrets/scrub-deep.ts';

const scrub = (text: string): string => text.replaceAll('secret', '***');

describe('what is scrubbed deep down', () => {
  it('is the same value where nothing was found, and what was found in is made anew', () => {
    const harmless = {name: 'a', list: ['b', {c: 1, d: null}], empty: []};
    const value = {before: 1, harmless, found: {deep: ['x', 'a secret', 'y']}, after: 'z'};
    const clean = scrubDeep(value, scrub);
    expect(scrubDeep(harmless, scrub)).toBe(harmless);
    expect(clean).toEqual({...value, found: {deep: ['x', 'a ***', 'y']}});
    expect([clean.harmless, value.found.deep[1]]).toEqual([harmless, 'a secret']);
    expect(clean.harmless).toBe(harmless);
  });

  it('keeps the order of keys and lists, and scrubs keys', () => {
    const value = {a: 1, 'the secret': 2, b: 'secret', c: undefined};
    expect(Object.entries(scrubDeep<Record<string, unknown>>(value, scrub))).toEqual([
      ['a', 1],
      ['the ***', 2],
      ['b', '***'],
      ['c', undefined],
    ]);
    expect(scrubDeep(['secret', 'b', 'secret'], scrub)).toEqual(['***', 'b', '***']);
  });

  it('of an event the words stay by which programs recognise what a thing is', () => {
    expect(scrubEvent({type: 'secret', list: [{kind: 'secret', text: 'secret'}]}, scrub)).toEqual({
      type: 'secret',
      list: [{kind: 'secret', text: '***'}],
    });
  });
});

test('a secret that becomes known is found in texts that were harmless before, however many there were', () => {
  const registry = new SecretRegistry();
  registry.add('something-else');
  const texts = Array.from({length: 5000}, (_, n) => `later-secret ${n}`);
  for (const round of [1, 2]) for (const text of texts) expect(registry.scrub(text), `round ${round}`).toBe(text);
  registry.add('later-secret');
  expect(texts.map((text) => registry.scrub(text)).filter((text) => text.includes('later'))).toEqual([]);
});
