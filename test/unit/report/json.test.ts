import {describe, expect, it} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import {createJson} from '../../../src/report/json.ts';
import type {Verbosity} from '../../../src/report/sentences.ts';
import {ACQUIRE, EVERY_EVENT, PROGRESS, REFUSED} from './samples.ts';
import {collectingSink, emitTo} from './streams.ts';

function written(events: readonly Event[], verbosity: Verbosity = 'normal'): Record<string, unknown>[] {
  const sink = collectingSink();
  const emit = emitTo(sink, createJson({sink, verbosity}));
  events.forEach((event) => emit(event));
  expect(sink.err()).toBe('');
  return sink
    .out()
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe('JSON lines on stdout', () => {
  it('carry the schema version, the stamp of the bus with the time in UTC, and the fields of the event', () => {
    const at = '2026-01-31T16:44:45.000Z';
    expect(written([{type: 'starting', command: 'manage', version: '1.2.3'}])).toEqual([
      {schema: 1, time: at, run: 'run-1', seq: 1, at, type: 'starting', command: 'manage', version: '1.2.3'},
    ]);
  });

  it('carry an error as code, message, place and hint, never its stack or cause', () => {
    const [line] = written([{type: 'run-failed', error: REFUSED}]);
    expect(line?.['error']).toEqual({
      code: 'DIGEST_MISMATCH',
      message: 'sha512 is ab…, demanded is cd…',
      place: 'images/alma.yml:3:5',
      hint: 'the mirror is stale',
    });
  });

  it('name the action that an event belongs to by its id, beside what else is said of it', () => {
    const sink = collectingSink();
    const emit = emitTo(sink, createJson({sink, verbosity: 'normal'}));
    emit({type: 'action-started', cloud: 'admin', action: ACQUIRE}, 'acquire 20241120');
    emit(PROGRESS, 'acquire 20241120');
    const [started, progress] = sink
      .out()
      .split('\n')
      .map((line) => (line === '' ? {} : (JSON.parse(line) as Record<string, unknown>)));
    expect(started?.['action']).toEqual({id: 'acquire 20241120', ...ACQUIRE});
    expect(progress?.['action']).toEqual({id: 'acquire 20241120'});
  });

  it('carry whole milliseconds', () => {
    const [line] = written(EVERY_EVENT.filter(({type}) => type === 'verdict'));
    expect(line?.['spans']).toEqual({submitMs: 1000, waitMs: 60_000, judgeMs: 1});
  });

  it('are one line each, whatever a name holds', () => {
    expect(written([{type: 'warning', code: 'foreign-name', message: 'a\nb\u001b'}])).toMatchObject([
      {message: 'a\nb\u001b'},
    ]);
  });

  it.each<[Verbosity, readonly string[]]>([
    ['normal', ['decision', 'http']],
    ['verbose', ['http']],
    ['debug', []],
  ])('leave out at verbosity %s: %j', (verbosity, without) => {
    const types = EVERY_EVENT.map(({type}) => type).filter((type) => !without.includes(type));
    expect(written(EVERY_EVENT, verbosity).map(({type}) => type)).toEqual(types);
  });

  it('are only the answer and errors when it is to be quiet', () => {
    const types = written(EVERY_EVENT, 'quiet').map(({type}) => type);
    expect(types).toEqual([
      'planned',
      'presence',
      'bytes-verified',
      'exported',
      'artifact',
      'deletable-builds',
      'difference',
      'findings',
      'audited',
      'shown',
      'hold',
      'rolled-back',
      'check',
      'checked',
      'setting',
      'policy',
      'status-row',
      'inspected',
      'status',
      'history-run',
      'history',
      'history-shown',
      'history-line',
      'history-line',
      'history-elsewhere',
      'action-failed',
      'verdict',
      'definition-failed',
      'cloud-failed',
      'deletable',
      'interrupted',
      'run-failed',
      'finished',
    ]);
  });

  it('tell progress at most once per second', () => {
    const sink = collectingSink();
    const json = emitTo(sink, createJson({sink, verbosity: 'normal'}));
    for (let i = 0; i < 20; i++) {
      json(PROGRESS);
      sink.advance(100);
    }
    expect(sink.out().split('\n').slice(0, -1)).toHaveLength(2);
  });
});
