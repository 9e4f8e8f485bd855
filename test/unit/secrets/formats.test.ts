import {spawnSync} from 'node:child_process';
import {describe, expect, it} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {createReporter} from '../../../src/report/reporter.ts';
import {scrubbed} from '../../../src/secrets/output.ts';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import {scrubDeep, scrubEvent} from '../../../src/secrets/scrub-deep.ts';
import {scrubJson} from '../../../src/secrets/structured.ts';
import {collectingSink, emitToReport} from '../report/streams.ts';

const SECRETS: readonly string[] = [
  'p"a<b&c>d',
  'tab\there\tand there',
  'line\u2028sep\u00e4x',
  'a  b   c doubled',
  'bidi\u202eabc\u00e9',
  'new\nline"x',
  'quote\'and"both<&',
  'sla/sh/es+plus=',
  'pässwörd',
  'percent%41%zz',
  'dollar$`back`',
  '\u{1f511}key&lock',
  'back\\slash"q',
  ' trailing ',
];

type Writer = (text: string) => string;

const json: Writer = (text) => JSON.stringify(text).slice(1, -1);
const html: Writer = (text) =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
const unicode: Writer = (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;

/** How servers, proxies and libraries write what they repeat. */
const WRITERS: Readonly<Record<string, Writer>> = {
  'as it is': (text) => text,
  'one line': (text) => text.replace(/\s+/g, ' '),
  JSON: json,
  'JSON in JSON': (text) => json(json(text)),
  'ASCII JSON': (text) => json(text).replace(/[^ -~]/g, unicode),
  "Go's JSON": (text) => json(text).replace(/[<>&]/g, unicode),
  "PHP's JSON": (text) => json(text).replaceAll('/', '\\/'),
  HTML: html,
  'text of HTML': (text) => text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;'),
  "Python's HTML": (text) => html(text).replaceAll("'", '&#x27;'),
  "Go's HTML": (text) => html(text).replaceAll('&quot;', '&#34;').replaceAll("'", '&#39;'),
  'HTML of JSON': (text) => html(json(text)),
  URL: encodeURIComponent,
  'URL of JSON': (text) => encodeURIComponent(json(text)),
  'whole URL': encodeURI,
  form: (text) => new URLSearchParams({a: text}).toString().slice(2),
  "Python's repr": (text) =>
    text.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n').replaceAll('\t', '\\t'),
  "Python's bytes": (text) =>
    [...Buffer.from(text.replaceAll('\\', '\\\\').replaceAll("'", "\\'"))]
      .map((byte) => (byte < 32 || byte > 126 ? `\\x${byte.toString(16).padStart(2, '0')}` : String.fromCharCode(byte)))
      .join('')
      .replaceAll('\\x0a', '\\n')
      .replaceAll('\\x09', '\\t'),
  'wrong charset': (text) => Buffer.from(text).toString('latin1'),
};

const FORMATS = ['human', 'json', 'junit'] as const;

const KNOWING: ReadonlyMap<string, SecretRegistry> = new Map(SECRETS.map((secret) => [secret, knowing(secret)]));

function knowing(secret: string): SecretRegistry {
  const secrets = new SecretRegistry();
  secrets.add(secret);
  return secrets;
}

async function written(secret: string, said: string, format: (typeof FORMATS)[number]): Promise<string> {
  const secrets = KNOWING.get(secret) ?? knowing(secret);
  const sink = collectingSink();
  const out = scrubbed(sink.stdout, secrets);
  const err = scrubbed(sink.stderr, secrets);
  const parts = {sink: {...sink, stdout: out.stream, stderr: err.stream}, env: {}, format};
  const reporter = await createReporter({...parts, verbosity: 'debug', color: false, dryRun: false});
  const cause = new Error(`because ${said} was sent`);
  const detail = {hint: `(${said}) is it`, place: `POST /x (${said})`, cause};
  const error = new ImgmgrError('CLOUD_REFUSED', `refused: {${said}} is wrong`, detail);
  const events: readonly Event[] = [
    {type: 'warning', code: 'build', definition: 'd', message: `beware of (${said}) here`},
    {type: 'cloud-failed', cloud: 'c', error},
    {type: 'finished', counts: {} as never, counted: [], exitCode: 1, ms: 1},
  ];
  const emit = emitToReport(sink, reporter);
  for (const event of events) emit(scrubEvent(event, (text) => secrets.scrub(text)));
  reporter.close();
  out.flush();
  err.flush();
  return sink.out() + sink.err();
}

describe('S6: a secret of unusual characters', () => {
  describe.each(Object.entries(WRITERS))('S6: repeated as %s', (_name, write) => {
    it.each(FORMATS)('S6: is not in the format %s', async (format) => {
      for (const secret of SECRETS) {
        const text = await written(secret, write(secret), format);
        const shown = text.split('\n').filter((line) => /refused|beware|is it|because|POST/.test(line));
        expect(shown.length).toBeGreaterThan(0);
        expect(shown.filter((line) => !line.includes('***'))).toEqual([]);
        expect(text.match(/refused: \{(?:(?!\*\*\*)[^}]){1,60}\} is wrong/)).toBeNull();
      }
    });
  });
});

describe('S6, S8: a secret that looks like a part of the form', () => {
  const SHAPES = [
    '12345678',
    '1234',
    '7',
    'true',
    'null',
    '{"',
    '":',
    '"}',
    ':1,"',
    'quot',
    'amp;',
    'UTF-8',
    'time',
    ...['="', 'a"', '/>', 'x\\'],
  ];
  const warning = (secret: string): Event => ({
    ...{type: 'warning', code: 'build', definition: `d ${secret}`},
    message: `it says (${secret}) & "(${secret})" < #[x] \u0085`,
  });

  /** What comes out for a run that knows only this secret, with numbers that have its digits. */
  async function reported(secret: string, format: 'json' | 'junit'): Promise<string> {
    const secrets = knowing(secret);
    const sink = collectingSink();
    const out = scrubbed(sink.stdout, secrets);
    const parts = {sink: {...sink, stdout: out.stream}, env: {}, format};
    const reporter = await createReporter({...parts, verbosity: 'debug', color: false, dryRun: false});
    const progress = {cloud: 'c', definition: 'd', version: '1', elapsedMs: 12345678, limitMs: 1};
    const events: readonly Event[] = [
      warning(secret),
      {type: 'progress', ...progress, phase: 'uploading', bytes: 12345678, total: 1123456789},
      {type: 'finished', counts: {failed: 1234} as never, counted: ['failed'], exitCode: 1, ms: 12345678},
    ];
    const emit = emitToReport(sink, reporter);
    for (const event of events) emit(scrubEvent(event, (text) => secrets.scrub(text)));
    out.flush();
    return sink.out();
  }

  it.each(SHAPES)('S6, S8: %j leaves every line of JSON valid, and its numbers numbers', async (secret) => {
    const text = await reported(secret, 'json');
    const lines = text
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(lines).toHaveLength(3);
    expect(lines[1]).toMatchObject({bytes: 12345678, total: 1123456789});
    expect(lines[2]).toMatchObject({counts: {failed: 1234}, ms: 12345678});
    if (secret.length >= 4) expect(lines[0]).not.toMatchObject({message: expect.stringContaining(secret) as string});
  });

  it.each(SHAPES)('S6, S8: %j leaves a JUnit file well-formed, and its numbers numbers', async (secret) => {
    const text = await reported(secret, 'junit');
    const checked = spawnSync('python3', ['-c', 'import sys, xml.dom.minidom as m; m.parse(sys.stdin.buffer)'], {
      input: text,
    });
    expect([checked.status, String(checked.stderr)]).toEqual([0, '']);
    expect(text).toContain('time="12345.678"');
    expect(text).toContain('value="1234"');
    if (/^\d{4,}$/.test(secret)) expect(text).not.toContain(`(${secret})`);
  });
});

it('S6: a JSON text with a string of many megabytes is scrubbed', () => {
  const text = JSON.stringify({reported: `${'x'.repeat(2 ** 23)}${'\n'.repeat(2 ** 20)}hidden-word`});
  expect(scrubJson(text, (string) => string.replace('hidden-word', '***')) === text.replace('hidden-word', '***')).toBe(
    true,
  );
});

describe('S6: copies without secrets', () => {
  const scrub = (text: string): string => text.replaceAll('hunter2', '***');

  it('S6: errors keep their class, with every text of theirs and of their causes scrubbed', () => {
    const cause = Object.assign(new TypeError('cause hunter2'), {body: 'hunter2'});
    const problems = [{message: 'hunter2', place: {file: 'hunter2', line: 1, column: 1}}];
    const copy = scrubEvent(new ImgmgrError('AUTH', 'm hunter2', {hint: 'hunter2', cause, problems}), scrub);
    expect(copy).toBeInstanceOf(ImgmgrError);
    expect(copy.cause).toBeInstanceOf(TypeError);
    expect(copy.code).toBe('AUTH');
    const texts = [copy.message, copy.stack, copy.hint, JSON.stringify(copy.problems)];
    for (const text of [...texts, (copy.cause as Error).stack, (copy.cause as {body?: string}).body]) {
      expect(text).toContain('***');
      expect(text).not.toContain('hunter2');
    }
  });

  it('S6: the words that tell programs what a thing is stay in events, not in bodies', () => {
    expect(scrubEvent({type: 'hunter2', hunter2: ['hunter2']}, scrub)).toEqual({type: 'hunter2', '***': ['***']});
    expect(scrubDeep({type: 'hunter2'}, scrub)).toEqual({type: '***'});
  });

  it('S6: what is deeper than anything of ours is left out', () => {
    let deep: unknown = 'hunter2';
    for (let depth = 0; depth < 10_000; depth += 1) deep = [deep];
    expect(JSON.stringify(scrubDeep(deep, scrub))).not.toContain('hunter2');
  });
});

describe('S6: a text that was cut off in the middle of a secret', () => {
  const secrets = new SecretRegistry();
  secrets.add('hunter2hun');

  it.each(['', '…', '...', '"', '"}', "'...", '..."}]}\n'])('S6: with %j behind it', (end) => {
    expect(secrets.scrubCut(`the password is hunter2h${end}`)).toBe(`the password is ***${end}`);
    expect(secrets.scrubCut(`the password is hunter2hun${end}`)).toBe(`the password is ***${end}`);
  });

  it('S6: three characters say nothing', () => {
    expect(secrets.scrubCut('who was the hun')).toBe('who was the hun');
    expect(secrets.scrubCut('the hunter2hun and the hun')).toBe('the *** and the hun');
  });
});

describe('S6: what servers hand out', () => {
  it('S6: the latest are known, however many there are', () => {
    const secrets = new SecretRegistry();
    for (let index = 0; index < 1000; index += 1) secrets.addPassing(`${index}"<&`.repeat(800).padEnd(4096, 'x'));
    expect(secrets.scrub('999"<&'.repeat(800))).not.toContain('999');
    expect(secrets.scrub('1"<&'.repeat(100))).toContain('1"<&');
  });

  it('S6: short ones may be words of ours', () => {
    const secrets = new SecretRegistry();
    secrets.addPassing('finished');
    expect(secrets.scrub('finished')).toBe('finished');
  });
});
