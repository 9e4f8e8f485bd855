import {describe, expect, it} from 'vitest';
import type {StatusRow} from '../../../src/core/status/row.ts';
import {PLAIN} from '../../../src/report/paint.ts';
import {createStatusTable} from '../../../src/report/status-text.ts';

const ROW: StatusRow = {
  ...{cloud: 'a', definition: 'Debian 13', image: 'i', name: 'Debian 13', owner: null, version: '2'},
  ...{
    built: '2026-11-01',
    digest: null,
    until: null,
    newer: null,
    verified: null,
    redOn: null,
    state: 'ok',
    detail: null,
    offending: false,
  },
  ...{findings: [], ahead: [], superseded: [], hold: null},
};

/** The lines between head and summary. */
function linesOf(rows: readonly StatusRow[]): readonly string[] {
  const table = createStatusTable({verbosity: 'normal', wide: false, paint: PLAIN});
  for (const row of rows) table.add(row);
  const asOf = '2026-11-26T00:00:00.000Z';
  const text = table.text({...{asOf, until: asOf, rows: rows.length, offending: 0, unreachable: 0}});
  return text.split('\n').slice(1, -2);
}

const on = (clouds: string, change: Partial<StatusRow> = {}): readonly StatusRow[] =>
  Array.from(clouds).map((cloud) => ({...ROW, cloud, ...change}));

describe('the table of status', () => {
  it('has a row for each cloud up to three, and one for each definition above that, outliers named', () => {
    expect(linesOf(on('abc'))).toHaveLength(3);
    const lines = linesOf([...on('abc'), ...on('d', {version: '1', newer: '2'})]);
    expect(lines).toEqual([expect.stringMatching(/^3 clouds +Debian 13 +2 /), '    d: 1, ok, newer 2']);
  });

  it('counts clouds, not rows, where a definition has several images on each', () => {
    const lines = linesOf([...on('abcd', {version: '1'}), ...on('abcd', {version: '2'})]);
    expect(lines).toEqual([
      expect.stringMatching(/^4 clouds +Debian 13 +1 /),
      expect.stringMatching(/^4 clouds +Debian 13 +2 /),
    ]);
  });

  it('has a row of its own for a cloud that was not reached', () => {
    const lost = on('e', {definition: null, image: null, name: null, version: null, state: 'unreachable'});
    const lines = linesOf([...on('abcd'), ...lost]);
    expect(lines).toEqual([expect.stringMatching(/^e +.*unreachable/), expect.stringMatching(/^4 clouds /)]);
  });
});
