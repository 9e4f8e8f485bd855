import {readdirSync, readFileSync} from 'node:fs';
import {join} from 'node:path';
import ts from 'typescript';

/** A regular expression of a source file. */
export interface Found {
  readonly line: number;
  /** As it is written. */
  readonly text: string;
  /** Absent where it is put together at run time. */
  readonly regex?: RegExp;
}

/** What one source file does with texts. */
export interface TextWork {
  readonly expressions: readonly Found[];
  /** It searches, splits or reads text, with or without an expression. */
  readonly scans: boolean;
  /** Calls whose work depends on more than the length of the text. */
  readonly costly: readonly string[];
}

const SCANS = new Set([
  ...['charCodeAt', 'codePointAt', 'exec', 'indexOf', 'lastIndexOf', 'match', 'matchAll', 'normalize', 'parse'],
  ...['replace', 'replaceAll', 'search', 'split', 'test', 'localeCompare'],
]);
/** They make an expression of a text. */
const COMPILING = new Set(['match', 'matchAll', 'search']);
/** Of Unicode's library: the square of the marks behind one letter. */
const COSTLY = new Set(['normalize', 'localeCompare']);

/** The regular expressions and scans of a source text, found in its syntax tree. */
export function textWorkOf(source: string): TextWork {
  const known = WORK.get(source) ?? readTextWork(source);
  WORK.set(source, known);
  return known;
}

/** Of sources that were read; several tests ask for all of them. */
const WORK = new Map<string, TextWork>();

function readTextWork(source: string): TextWork {
  const file = ts.createSourceFile('source.ts', source, ts.ScriptTarget.Latest, true);
  const expressions: Found[] = [];
  const costly: string[] = [];
  const scanned: string[] = [];
  const add = (node: ts.Node, regex?: RegExp): void => {
    const line = file.getLineAndCharacterOfPosition(node.getStart()).line + 1;
    expressions.push({line, text: node.getText(), ...(regex && {regex})});
  };
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.RegularExpressionLiteral) add(node, regexOf(node.getText()));
    if (ts.isNewExpression(node) || ts.isCallExpression(node)) {
      const name = nameOf(node.expression);
      const argument = node.arguments?.at(0);
      if (SCANS.has(name) && !ts.isIdentifier(node.expression)) scanned.push(name);
      if (COSTLY.has(name)) costly.push(node.getText());
      if (name === 'RegExp') add(node);
      else if (COMPILING.has(name) && argument !== undefined && !ts.isIdentifier(argument) && !isExpression(argument))
        add(node);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return {expressions, scans: scanned.length + expressions.length > 0, costly};
}

/** All source files, by their path from the root of the repository. */
export function sourceFiles(): ReadonlyMap<string, string> {
  const paths = readdirSync('src', {recursive: true, encoding: 'utf8'}).filter((path) => path.endsWith('.ts'));
  return new Map(paths.map((path) => [`src/${path}`, readFileSync(join('src', path), 'utf8')]));
}

function nameOf(called: ts.Expression): string {
  if (ts.isPropertyAccessExpression(called)) return called.name.text;
  return ts.isIdentifier(called) ? called.text : '';
}

function isExpression(node: ts.Expression): boolean {
  return ts.isRegularExpressionLiteral(node);
}

function regexOf(literal: string): RegExp {
  const end = literal.lastIndexOf('/');
  return new RegExp(literal.slice(1, end), literal.slice(end + 1));
}
