import {byCharacters} from '../order.ts';
import {countsAs} from '../rules/finding.ts';
import type {Severity} from '../rules/rule-text.ts';
import type {StatusRow} from './row.ts';

/** What decides about the place of a row. */
export type Ranked = Pick<StatusRow, 'cloud' | 'definition' | 'name' | 'state' | 'redOn' | 'offending'> & {
  readonly errors: number;
  readonly warnings: number;
};

/** The numbers of a row that count: of deciding rules, without what exceptions accept. */
export function numbersOf({findings}: Pick<StatusRow, 'findings'>): Record<'errors' | 'warnings', number> {
  const count = (least: Severity): number => findings.filter((finding) => countsAs(finding, least)).length;
  const errors = count('error');
  return {errors, warnings: count('warning') - errors};
}

/** The worst first: what could not be looked at, what is broken, what breaks soonest, other states, then by the number of findings. */
export function byWorst(a: Ranked, b: Ranked): number {
  return (
    rank(a) - rank(b) ||
    byCharacters(a.redOn?.at ?? '', b.redOn?.at ?? '') ||
    b.errors - a.errors ||
    b.warnings - a.warnings ||
    byCharacters(a.cloud, b.cloud) ||
    byCharacters(a.definition ?? '', b.definition ?? '') ||
    byCharacters(a.name ?? '', b.name ?? '')
  );
}

function rank({state, redOn, offending}: Ranked): number {
  if (state === 'unreachable') return 0;
  if (redOn) return redOn.now ? 1 : 3;
  if (offending) return 2;
  return state === 'ok' || state === 'not-ours' || state === 'cloud' ? 5 : 4;
}
