import {el} from './dom.ts';
import type {Tone} from './notes.ts';
import {pill} from './notes.ts';
import {counted} from './text.ts';

interface Check {
  readonly id: string;
  readonly severity: string;
  readonly outcome: string;
  readonly detail?: string | undefined;
}

/** As many checks are shown. */
const MOST = 500;

/** Every check of a guest: what failed is seen at once, the others are folded. */
export function checkTable(checks: readonly Check[]): HTMLElement {
  if (checks.length === 0) return el('p', {class: 'quiet'}, 'No check was made: the guest did not report.');
  const failed = checks.filter(({outcome}) => outcome !== 'pass' && outcome !== 'not-applicable');
  const others = checks.filter((check) => !failed.includes(check)).slice(0, MOST);
  const passed = others.filter(({outcome}) => outcome === 'pass').length;
  return el(
    'div',
    {},
    failed.length > 0 && table(failed.slice(0, MOST)),
    el(
      'details',
      {},
      el(
        'summary',
        {},
        `${counted(checks.length, 'check')}: ${passed} passed, ${failed.length} failed, ${checks.length - passed - failed.length} not applicable`,
      ),
      table(others),
    ),
  );
}

function table(checks: readonly Check[]): HTMLElement {
  return el(
    'ul',
    {class: 'plain checks'},
    checks.map(({id, severity, outcome, detail}) =>
      el(
        'li',
        {},
        pill(toneOf(severity, outcome), outcome),
        ' ',
        el('code', {}, id),
        severity !== 'fail' && outcome !== 'pass' && el('span', {class: 'quiet'}, ` (${severity})`),
        detail !== undefined && detail !== '' && el('span', {class: 'quiet'}, ` ${detail}`),
      ),
    ),
  );
}

function toneOf(severity: string, outcome: string): Tone {
  if (outcome === 'pass') return 'good';
  if (outcome === 'not-applicable') return 'plain';
  return severity === 'fail' ? 'bad' : 'warn';
}
