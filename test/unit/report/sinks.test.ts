import {spawnSync} from 'node:child_process';
import {mkdtemp, readFile, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {PassThrough, Writable} from 'node:stream';
import {describe, expect, it} from 'vitest';
import {createConfirm} from '../../../src/cli/confirm.ts';
import {evidenceKeeper} from '../../../src/history/evidence.ts';
import type {Event} from '../../../src/core/events.ts';
import {jsonText} from '../../../src/core/json-text.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {renderError} from '../../../src/report/error-text.ts';
import type {Evidence} from '../../../src/ports/evidence.ts';
import type {ReporterParts} from '../../../src/report/reporter.ts';
import {createReporter} from '../../../src/report/reporter.ts';
import {xmlAttribute, xmlText} from '../../../src/report/xml.ts';
import {EVERY_EVENT, VERDICT} from './samples.ts';
import {collectingSink, emitToReport} from './streams.ts';

/** What a guest, a server or a file name may bring along. */
const HOSTILE: Readonly<Record<string, string>> = {
  noncharacters: '\ufffe\uffff\ufdd0\u{1fffe}\u{10ffff}',
  'lone surrogates': '\ud800x\udc00\udfff\ud83d',
  'C0 and DEL': Array.from({length: 0x20}, (_, code) => String.fromCharCode(code)).join('') + '\u007f',
  C1: Array.from({length: 0x20}, (_, code) => String.fromCharCode(0x80 + code)).join(''),
  'escape sequences': '\u001b]0;title\u0007\u001b[2J\u001b[31mred\u009b2J\u001bc',
  'marks of direction': '\u200e\u200f\u061c\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069',
  'line separators': '\u2028\u2029\u0085\u000b\u000c',
  'a forged line': '\n2026-01-31 16:44:45 | INFO     | all is well\r\nimgmgr: nothing\r',
  markup: '"]]>\'</failure></testcase>&<!--<![CDATA[ &#0; &x;\\u0000\\',
  'text of the world': 'größe 漢字 👩\u200d💻 \u{10fffd}',
};

/** Everything but the line feed that none of our outputs may hold as it is. */
const UNSAFE = /(?!\n)[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}\p{Noncharacter_Code_Point}]/u;

/** The sequences by which ora moves. */
const MOVES = new RegExp(`${String.fromCharCode(27)}\\[(?:\\d*[AGK]|\\?25[hl]|\\?2026[hl])`, 'g');

/** Closed sets of words, and the numbers of the place, which never come from outside. */
const CLOSED = new Set([
  'type',
  'kind',
  'code',
  'severity',
  'outcome',
  'signal',
  'counted',
  'format',
  'phase',
  'cause',
  'health',
  'need',
]);

function poisoned(value: unknown, poison: string): unknown {
  if (typeof value === 'string') return `${value}${poison}end`;
  if (Array.isArray(value)) return value.map((one) => poisoned(one, poison));
  if (value instanceof ImgmgrError) {
    const {code, message, problems} = value;
    const [hint, place] = [`h${poison}`, `p${poison}`];
    return new ImgmgrError(code, `${message}${poison}end`, {hint, place, problems, cause: new Error(poison)});
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, CLOSED.has(key) ? inner : poisoned(inner, poison)]),
  );
}

const PROBLEM = {message: 'no such field', place: {file: 'a.yml', line: 1, column: 1}, hint: 'leave it out'};

function poisonedEvents(poison: string): Event[] {
  const problem = poisoned(PROBLEM, poison) as typeof PROBLEM;
  const several = new ImgmgrError('DEFINITION', poison, {problems: [problem, problem]});
  const more: readonly Event[] = [
    {...VERDICT, verdict: {...VERDICT.verdict, facts: {[`key${poison}`]: 'value'}}},
    {type: 'build-progress', definition: 'd', version: '1', phase: 'root.d', line: 'x', elapsedMs: 1, limitMs: 2},
    {type: 'interrupted', signal: 'SIGTERM', again: true, left: ['image 1']},
    {type: 'warning', code: 'build', definition: 'd', message: 'm', hint: 'h'},
    {type: 'definition-failed', definition: 'd', error: several},
  ];
  return [...more, ...EVERY_EVENT].map((event) => poisoned(event, poison) as Event);
}

async function rendered(poison: string, parts: Partial<ReporterParts> & {readonly tty?: boolean}) {
  const {tty = false, ...rest} = parts;
  const sink = collectingSink({tty});
  const reporter = await createReporter({
    sink,
    env: tty ? {TERM: 'xterm'} : {},
    format: 'human',
    verbosity: 'debug',
    color: false,
    dryRun: true,
    ...rest,
  });
  for (let round = 0; round < 2; round++) {
    poisonedEvents(poison).forEach(emitToReport(sink, reporter));
    // The spinner of a terminal is loaded meanwhile.
    await new Promise((resolve) => setImmediate(resolve));
    sink.advance(120_000);
  }
  reporter.close();
  return {out: sink.out(), err: sink.err()};
}

/** What a strict parser of this host says: Python's standard library has expat. */
function parseXml(xml: string) {
  const program = 'import sys, xml.dom.minidom as m; m.parseString(sys.stdin.buffer.read())';
  const {status, stderr} = spawnSync('python3', ['-c', program], {input: xml, encoding: 'utf8'});
  return {status, stderr};
}

function stringsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...stringsIn(inner)]);
}

const EVERY_TYPE = Object.keys({
  starting: true,
  started: true,
  'cloud-started': true,
  planned: true,
  'plan-written': true,
  'action-started': true,
  progress: true,
  'image-phase': true,
  'build-started': true,
  'build-progress': true,
  built: true,
  artifact: true,
  'deletable-builds': true,
  'build-deleted': true,
  difference: true,
  audited: true,
  shown: true,
  inspected: true,
  hold: true,
  'rolled-back': true,
  findings: true,
  'definition-findings': true,
  'status-row': true,
  status: true,
  'action-done': true,
  'action-failed': true,
  'definition-failed': true,
  'cloud-failed': true,
  check: true,
  checked: true,
  setting: true,
  policy: true,
  history: true,
  'history-run': true,
  'history-elsewhere': true,
  'history-shown': true,
  'history-line': true,
  warning: true,
  verdict: true,
  'bytes-verified': true,
  exported: true,
  presence: true,
  decision: true,
  http: true,
  waiting: true,
  deletable: true,
  interrupted: true,
  'run-failed': true,
  finished: true,
} satisfies Record<Event['type'], true>);

describe('S8: what comes from outside', () => {
  it('S8: is tried in every type of event', () => {
    expect(new Set(EVERY_EVENT.map(({type}) => type))).toEqual(new Set(EVERY_TYPE));
  });

  it('S8: is recognized as unsafe by these tests, and as no XML by the parser', () => {
    const plain = Object.entries(HOSTILE).filter(([name]) => !['markup', 'text of the world'].includes(name));
    expect(plain.filter(([, text]) => !UNSAFE.test(text))).toEqual([]);
    expect(parseXml('<a b="\ufffe"/>').status).not.toBe(0);
    expect(parseXml('<a>\u0008</a>').status).not.toBe(0);
    expect(parseXml('<a>fine</a>').status).toBe(0);
  });

  describe.each(Object.entries(HOSTILE))('%s', (_name, poison) => {
    it('S8: log: each line has its head, and nothing but text', async () => {
      const {out, err} = await rendered(poison, {});
      expect(err).not.toMatch(UNSAFE);
      const lines = err.split('\n').slice(0, -1);
      expect(lines.length).toBeGreaterThan(EVERY_EVENT.length);
      expect(
        lines.filter((line) => !/^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d \| (INFO|WARNING|ERROR|DEBUG) +\| /.test(line)),
      ).toEqual([]);
      expect(lines.filter((line) => line.endsWith('| all is well') && line.split('|').length < 4)).toEqual([]);
      expect(out).not.toMatch(UNSAFE);
    });

    it('S8: terminal: nothing but text and what moves the spinner', async () => {
      const {out, err} = await rendered(poison, {tty: true});
      const text = err.replace(MOVES, '');
      expect(text).not.toMatch(UNSAFE);
      expect(out).not.toMatch(UNSAFE);
    });

    it('S8: JSON: one object a line, well-formed strings, safe to show', async () => {
      const {out} = await rendered(poison, {format: 'json'});
      expect(out).not.toMatch(UNSAFE);
      // Also for readers that take more than a line feed for the end of a line.
      const lines = out.split(/[\n\r\u0085\u2028\u2029]/).slice(0, -1);
      const strings = lines.flatMap((line) => stringsIn(JSON.parse(line)));
      expect(lines.length).toBeGreaterThan(EVERY_EVENT.length);
      expect(strings.filter((text) => !text.isWellFormed())).toEqual([]);
      expect(strings.some((text) => text.includes(`${poison.toWellFormed()}end`))).toBe(true);
    });

    it('S8: JUnit: a strict parser takes it', async () => {
      const {out} = await rendered(poison, {format: 'junit'});
      const [first, ...others] = out.split('<?xml ').slice(1);
      expect(others).toHaveLength(1);
      expect(parseXml(`<?xml ${first}`)).toEqual({status: 0, stderr: ''});
    });

    it('S8: an error before any report, and the question before a deletion', async () => {
      const error = poisoned(new ImgmgrError('CONFIG', 'x'), poison) as ImgmgrError;
      expect(renderError(error, {stack: true})).not.toMatch(UNSAFE);
      const asked = await askToDelete(poison);
      expect(asked).toContain('Delete? [y/N]');
      expect(asked).not.toMatch(UNSAFE);
    });

    it('S8: the file of evidence', async () => {
      const folder = await mkdtemp(join(tmpdir(), 'imgmgr-evidence-'));
      try {
        const keep = evidenceKeeper({folder, scrub: (text) => text});
        const evidence: Evidence = {
          cloud: poison,
          run: 'run-1',
          image: '77aa',
          definition: poison,
          datasource: 'metadata',
          verdict: {...VERDICT.verdict, message: poison, facts: {[`key${poison}`]: poison}},
          console: poison,
          refused: [poison],
        };
        const path = await keep(evidence, () => undefined);
        const text = await readFile(path ?? '', 'utf8');
        expect(text).not.toMatch(UNSAFE);
        expect(stringsIn(JSON.parse(text)).filter((one) => !one.isWellFormed())).toEqual([]);
        expect(JSON.parse(text)).toMatchObject({console: poison.toWellFormed()});
      } finally {
        await rm(folder, {recursive: true, force: true});
      }
    });
  });
});

async function askToDelete(poison: string): Promise<string> {
  let asked = '';
  const stderr = new Writable({
    write(chunk: Buffer, _encoding, done) {
      asked += chunk.toString();
      done();
    },
  });
  const stdin = new PassThrough();
  stdin.end('n\n');
  const sink = collectingSink();
  const confirm = createConfirm({
    io: {...sink, stdin: Object.assign(stdin, {isTTY: true}), stderr: Object.assign(stderr, {isTTY: true})} as never,
    format: 'human',
    hold: () => () => undefined,
    signal: new AbortController().signal,
  });
  expect(await confirm?.([{id: poison, name: poison, reason: poison}], poison)).toBe(false);
  return asked;
}

describe('S8: one function for each format', () => {
  it('S8: JSON keeps what it can hold, and replaces lone surrogates in keys, too', () => {
    const value = {'\ud800': '\udc00', a: ['\u2028\u009b\u202e\u{1fffe}', null, 1, true]};
    expect(jsonText(value)).toBe('{"�":"�","a":["\\u2028\\u009b\\u202e\\ud83f\\udffe",null,1,true]}');
    expect(JSON.parse(jsonText(value))).toEqual({'�': '�', a: value.a});
  });

  it('S8: XML keeps lines and tabs, in attributes as references', () => {
    expect(xmlText('a\n\t"<&>\r\u0000\ufffe\ud800😀')).toBe('a\n\t"&lt;&amp;&gt;????😀');
    expect(xmlAttribute('a\n\t"<')).toBe('a&#10;&#9;&quot;&lt;');
  });
});
