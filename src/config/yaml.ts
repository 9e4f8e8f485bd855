import {EVENT_ID, getScalarValue, parseEvents, SCALAR_STYLE, YAMLException} from 'js-yaml';
import type {Event, MappingEvent, ScalarEvent, SequenceEvent} from 'js-yaml';
import type {YamlNode} from '../core/definition/yaml-node.ts';
import type {Problem} from '../errors.ts';
import {padLine, PositionFinder, unpadded} from './yaml-position.ts';
import type {PaddedText} from './yaml-position.ts';
import {refuseTabs} from './yaml-tabs.ts';
import {YamlStop} from './yaml-token.ts';
import type {NodeMarks, YamlToken} from './yaml-token.ts';
import {buildTree} from './yaml-tree.ts';

/** A file that was read: its one document (absent when the file is empty) and everything that is wrong with the YAML. */
export interface YamlFile {
  readonly root?: YamlNode;
  readonly problems: readonly Problem[];
}

/** The file as a tree of values with their places. Never throws: what is wrong stands in `problems`. */
export function parseYaml(text: string, file: string): YamlFile {
  if (text.length > MAX_CHARACTERS) return {problems: [tooLarge(file)]};
  let source: PaddedText = {text, padded: new Set(), width: 1};
  try {
    refuseStrangeBreaks(text);
    source = unpadded(text);
    for (;;) {
      const read = readEvents(source);
      if (read.events) return buildTree(tokensOf(read.events, source.text), new PositionFinder(file, source));
      source = read.source;
    }
  } catch (error) {
    if (!(error instanceof YamlStop)) throw error;
    const place = new PositionFinder(file, source).at(error.offset);
    return {problems: [{message: error.message, place, hint: error.hint}]};
  }
}

const MAX_DEPTH = 100;
const MAX_PADDED = 1000;
/** Characters that are read in all: each padded line begins the reading anew. */
const MAX_READ = 16 * 1024 * 1024;
/** Characters of a file; the parser takes a hundred times as much memory before the values can be counted. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * The parser's events, or the text to try next: the parser wants the lines of `[…]`, `{…}` and quoted text indented
 * deeper than the key before them, PyYAML does not, and blanks there change nothing.
 */
function readEvents(source: PaddedText): {events: readonly Event[]} | {events?: never; source: PaddedText} {
  try {
    return {events: parseEvents(source.text, {maxDepth: MAX_DEPTH})};
  } catch (error) {
    if (!(error instanceof YAMLException)) throw error;
    const offset = error.mark?.position ?? 0;
    if (error.reason === 'deficient indentation') {
      const next = padLine(source, offset);
      if (next.padded.size > source.padded.size && isCheap(next)) return {source: next};
    }
    throw new YamlStop(offset, `not valid YAML: ${error.reason}`, syntaxHint(error.reason));
  }
}

function isCheap({padded, text}: PaddedText): boolean {
  return padded.size <= MAX_PADDED && padded.size * text.length <= MAX_READ;
}

function tooLarge(file: string): Problem {
  const message = `the file has more than ${MAX_CHARACTERS / 1024 ** 2} Mi characters`;
  return {message, place: {file, line: 1, column: 1}, hint: 'split it into several files'};
}

/** By the reason of js-yaml, which has no code besides. */
function syntaxHint(reason: string): string {
  if (reason.includes('nesting')) return 'nest less deeply';
  if (/non-printable|valid JSON character/.test(reason))
    return 'remove the control character, or write it as an escape inside double quotes';
  if (reason.includes('tab')) return 'indent with spaces';
  if (reason.includes('indentation')) return 'check the indentation; quote a value that contains ": "';
  return 'quote the value, or correct the line';
}

/** YAML 1.1 breaks lines here, YAML 1.2 does not: the two would read different files. */
function refuseStrangeBreaks(text: string): void {
  const offset = text.search(/[\u0085\u2028\u2029]/);
  if (offset < 0) return;
  const code = text.charCodeAt(offset).toString(16).toUpperCase().padStart(4, '0');
  throw new YamlStop(
    offset,
    `unusual line break U+${code}, on which YAML readers disagree`,
    'replace it by a line break',
  );
}

function* tokensOf(events: readonly Event[], text: string): Generator<YamlToken> {
  for (const event of events) {
    const token = tokenOf(event, text);
    refuseTabs(token, text);
    yield token;
  }
}

function tokenOf(event: Event, text: string): YamlToken {
  if (event.type === EVENT_ID.DOCUMENT) return {kind: 'document'};
  if (event.type === EVENT_ID.SEQUENCE) return {kind: 'list', start: event.start, ...marksOf(event, text)};
  if (event.type === EVENT_ID.MAPPING) return {kind: 'map', start: event.start, ...marksOf(event, text)};
  if (event.type === EVENT_ID.POP) return {kind: 'end'};
  if (event.type === EVENT_ID.ALIAS) {
    const name = text.slice(event.anchorStart, event.anchorEnd);
    return {kind: 'alias', name, start: event.anchorStart - 1, end: event.anchorEnd};
  }
  const plain = event.style === SCALAR_STYLE.PLAIN;
  return {kind: 'scalar', text: getScalarValue(text, event), plain, ...rangeOf(event, text), ...marksOf(event, text)};
}

/** From the first to behind the last character, quotes and the sign of a block included. */
function rangeOf({valueStart, valueEnd, style}: ScalarEvent, text: string): {start: number; end: number} {
  if (valueStart < 0) return {start: -1, end: -1};
  if (style === SCALAR_STYLE.LITERAL_BLOCK) return {start: text.lastIndexOf('|', valueStart), end: -1};
  if (style === SCALAR_STYLE.FOLDED_BLOCK) return {start: text.lastIndexOf('>', valueStart), end: -1};
  const quote = style === SCALAR_STYLE.PLAIN ? 0 : 1;
  return {start: valueStart - quote, end: valueEnd + quote};
}

function marksOf(event: ScalarEvent | SequenceEvent | MappingEvent, text: string): NodeMarks {
  if (event.anchorStart < 0 && event.tagStart < 0) return {};
  const tag = text.slice(event.tagStart, event.tagEnd).replace(/^!<tag:yaml\.org,2002:(.*)>$/, '!!$1');
  return {
    ...(event.anchorStart >= 0 && {anchor: text.slice(event.anchorStart, event.anchorEnd)}),
    ...(event.tagStart >= 0 && {tag}),
  };
}
