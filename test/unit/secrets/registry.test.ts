import {Writable} from 'node:stream';
import {describe, expect, test} from 'vitest';
import {Automaton} from '../../../src/secrets/automaton.ts';
import {scrubbed} from '../../../src/secrets/output.ts';
import {addEnvironment, SecretRegistry} from '../../../src/secrets/registry.ts';

const NASTY = `p"ä\\s s'&<w>%/+1`;
const TOKEN = `gAAAAAB${'kX9_-aQ'.repeat(20)}`;

function knowing(...secrets: readonly string[]): SecretRegistry {
  const registry = new SecretRegistry();
  for (const secret of secrets) registry.add(secret);
  return registry;
}

describe('S6: a known secret is scrubbed in every spelling', () => {
  test.each([
    ['as it is', NASTY],
    ['JSON', JSON.stringify(NASTY).slice(1, -1)],
    ['JSON in JSON', JSON.stringify(JSON.stringify(NASTY)).slice(3, -3)],
    ['JSON of Python', String.raw`p\"\u00e4\\s s'&<w>%/+1`],
    ['JSON of Python, upper case', String.raw`p\"\u00E4\\s s'&<w>%/+1`],
    ['URL', encodeURIComponent(NASTY)],
    ['URL in lower case', encodeURIComponent(NASTY).replace(/%../g, (code) => code.toLowerCase())],
    ['URL in a URL', encodeURIComponent(encodeURIComponent(NASTY))],
    ['form', new URLSearchParams({x: NASTY}).toString().slice(2)],
    ['URL of Python (quote)', 'p%22%C3%A4%5Cs%20s%27%26%3Cw%3E%25/%2B1'],
    ['HTML', 'p&quot;ä\\s s&#39;&amp;&lt;w&gt;%/+1'],
    ['HTML of Python', 'p&quot;ä\\s s&#x27;&amp;&lt;w&gt;%/+1'],
    ['repr of Python', String.raw`p"ä\\s s\'&<w>%/+1`],
    ['base64', Buffer.from(NASTY).toString('base64').slice(0, -2)],
  ])('%s', (_, spelling) => {
    expect(knowing(NASTY).scrub(`before ${spelling} after`)).toBe('before *** after');
  });

  test.each(['', 'u', 'us', 'user:'])('base64 behind %j, in both alphabets', (before) => {
    const secret = 'correct?horse>battery~staple';
    for (const alphabet of ['base64', 'base64url'] as const) {
      const text = Buffer.from(`${before}${secret}!`).toString(alphabet);
      const rest = knowing(secret).scrub(text).replace('***', '');
      expect(Buffer.from(rest, alphabet).length).toBeLessThanOrEqual(before.length + 4);
      expect(rest.length).toBeLessThan(text.length - 30);
    }
  });

  test('the login of HTTP basic, also with a short password', () => {
    const registry = new SecretRegistry();
    registry.addLogin('me', 'abc');
    expect(registry.scrub(`Basic ${Buffer.from('me:abc').toString('base64')}`)).toBe('Basic ***');
  });

  test('a long secret is scrubbed where a text ends in its middle', () => {
    expect(knowing(TOKEN).scrub(`token ${TOKEN.slice(0, 40)}… is bad`)).toBe('token ***… is bad');
    expect(knowing(TOKEN).scrub(`token ${TOKEN.slice(0, 11)} is bad`)).toContain(TOKEN.slice(0, 11));
  });

  test('secrets that overlap, contain one another or stand side by side', () => {
    const registry = knowing('abcdef', 'defghi', 'bcd');
    expect(registry.scrub('x abcdefghi y')).toBe('x *** y');
    expect(registry.scrub('abcdefabcdef')).not.toMatch(/[a-f]/);
  });

  test('of fewer than four characters only the quoted form is scrubbed: it is a piece of many words', () => {
    expect(knowing('abc').scrub('abcd {"password": "abc"} \'abc\'')).toBe('abcd {"password": ***} ***');
    expect(knowing('').scrub('nothing')).toBe('nothing');
  });

  test('what is not known stays', () => expect(knowing(NASTY).scrub('password')).toBe('password'));

  test('variables of OpenStack are known from the start', () => {
    const registry = new SecretRegistry();
    addEnvironment(registry, {
      OS_PASSWORD: 'first-one',
      OS_TOKEN: 'second-one',
      OS_APPLICATION_CREDENTIAL_SECRET: 'third-one',
      OS_USERNAME: 'a-user',
    });
    expect(registry.scrub('first-one second-one third-one a-user')).toBe('*** *** *** a-user');
  });
});

describe('S6: the work is linear in the text', () => {
  const MIB = 1024 * 1024;
  test.each([
    ['one letter', 'a'.repeat(MIB)],
    ['almost the secret, again and again', `${'a'.repeat(300)}c`.repeat(MIB / 300)],
    ['blanks', ' '.repeat(MIB)],
    ['line breaks', '\n'.repeat(MIB)],
    ['percent signs', '%'.repeat(MIB)],
  ])('1 MiB of %s costs two steps a character at most', (_, text) => {
    const automaton = new Automaton([`${'a'.repeat(400)}b`, 'aab', ' '.repeat(64) + 'x', '%25%25%25', '\n\n\t']);
    const before = automaton.steps;
    automaton.scan(text);
    expect(automaton.steps - before).toBeLessThanOrEqual(2 * text.length);
  });
});

describe('S6: what is written loses its secrets', () => {
  function output(secrets: SecretRegistry): {write: (text: string) => void; text: () => string; flush: () => void} {
    let text = '';
    const stream = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        text += chunk;
        done();
      },
    });
    const {stream: clean, flush} = scrubbed(stream, secrets);
    return {write: (piece) => void clean.write(piece), text: () => text, flush};
  }

  test.each(Array.from({length: 12}, (_, at) => at + 1))('in pieces of %i characters', (size) => {
    const out = output(knowing(NASTY, TOKEN));
    const text = `a ${NASTY} b ${TOKEN} c ${NASTY}${TOKEN} p"ä end ${JSON.stringify(NASTY)}\n`;
    for (let at = 0; at < text.length; at += size) out.write(text.slice(at, at + size));
    out.flush();
    expect(out.text()).toBe(`a *** b *** c *** p"ä end "***"\n`);
  });

  test('the beginning of a secret waits, and is written when nothing follows', () => {
    const out = output(knowing('secret-word'));
    out.write('it is sec');
    expect(out.text()).toBe('it is ');
    out.flush();
    expect(out.text()).toBe('it is sec');
  });

  test('a line that ends like none is written at once', () => {
    const out = output(knowing('secret-word'));
    out.write('a line\n');
    expect(out.text()).toBe('a line\n');
  });

  test('a secret that becomes known later is scrubbed from then on', () => {
    const secrets = new SecretRegistry();
    const out = output(secrets);
    out.write('first\n');
    secrets.add('late-secret');
    out.write('then late-secret\n');
    expect(out.text()).toBe('first\nthen ***\n');
  });

  test('what replaces write, as spinners do, still reaches the stream without secrets', () => {
    const lines: string[] = [];
    const stream = new Writable({
      decodeStrings: false,
      write(chunk: string, _encoding, done) {
        lines.push(chunk);
        done();
      },
    });
    const own: unknown = Reflect.get(stream, 'write');
    const {stream: clean} = scrubbed(stream, knowing('secret-word'));
    const before = clean.write.bind(clean);
    clean.write = ((text: string) => before(`hooked ${text}`)) as typeof clean.write;
    clean.write('secret-word\n');
    expect(lines).toEqual(['hooked ***\n']);
    expect(Reflect.get(stream, 'write')).toBe(own);
  });
});

describe('S6: a text that was looked through before', () => {
  test('is looked through again when another secret is known', () => {
    const registry = knowing('first secret');
    const text = 'the second secret and more';
    expect(registry.scrub(text)).toBe(text);
    registry.add('second secret');
    expect(registry.scrub(text)).toBe('the *** and more');
  });

  test('is looked through again when a passing secret, or a login, is known', () => {
    const registry = knowing('first secret');
    const token = 'gAAAAABpassing-secret-of-some-length';
    const login = Buffer.from('user:password-of-user').toString('base64');
    expect(registry.scrub(token)).toBe(token);
    expect(registry.scrub(login)).toBe(login);
    registry.addPassing(token);
    registry.addLogin('user', 'password-of-user');
    expect(registry.scrub(token)).toBe('***');
    expect(registry.scrub(login)).toBe('***');
  });

  test('is the same, however many others came between', () => {
    const registry = knowing('first secret');
    const texts = Array.from({length: 10_000}, (_, index) => `text ${index}`);
    expect(texts.map((text) => registry.scrub(text))).toEqual(texts);
    expect(registry.scrub('text 1 with first secret')).toBe('text 1 with ***');
  });
});
