import type {YamlToken} from './yaml-token.ts';
import {YamlStop} from './yaml-token.ts';

/** Throws where a tab stands between the parts of a line or inside unquoted text: PyYAML takes none there, other readers do. */
export function refuseTabs(token: YamlToken, text: string): void {
  if (token.kind === 'document' || token.kind === 'end' || token.start < 0) return;
  refuse(tabBefore(token.start, text));
  if (!('end' in token) || token.end < 0) return;
  if (token.kind === 'scalar' && token.plain) refuse(tabBetween(token.start, token.end, text));
  refuse(tabBehind(token.end, text));
}

function refuse(offset: number): void {
  if (offset >= 0) throw new YamlStop(offset, 'tab character outside of quotes', 'use spaces');
}

function tabBefore(start: number, text: string): number {
  let from = start;
  while (text[from - 1] === ' ' || text[from - 1] === '\t') from--;
  return tabBetween(from, start, text);
}

function tabBehind(end: number, text: string): number {
  let at = end;
  while (text[at] === ' ') at++;
  return text[at] === '\t' ? at : -1;
}

function tabBetween(from: number, to: number, text: string): number {
  const tab = text.slice(from, to).indexOf('\t');
  return tab < 0 ? -1 : from + tab;
}
