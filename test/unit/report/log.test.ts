import {describe, expect, it, vi} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import type {Problem} from '../../../src/errors.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {createLog} from '../../../src/report/log.ts';
import {PLAIN} from '../../../src/report/paint.ts';
import type {Verbosity} from '../../../src/report/sentences.ts';
import {ACQUIRE, FINISHED, EVERY_EVENT, PROGRESS, PUBLISH, REFUSED, VERDICT} from './samples.ts';
import {collectingSink, emitTo} from './streams.ts';

function logged(events: readonly Event[], verbosity: Verbosity = 'normal'): string[] {
  const sink = collectingSink();
  const emit = emitTo(sink, createLog({sink, verbosity, paint: PLAIN}));
  events.forEach((event) => emit(event));
  return sink.err().split('\n').slice(0, -1);
}

function texts(events: readonly Event[], verbosity: Verbosity = 'normal'): string[] {
  return logged(events, verbosity).map((line) => line.replace(/^2026-01-31 \d\d:\d\d:\d\d \| /, ''));
}

describe('the log on stderr', () => {
  it('says the start of an import in the form that operators know, in UTC', () => {
    expect(logged([{type: 'action-started', cloud: 'admin', action: ACQUIRE}])).toEqual([
      '2026-01-31 16:44:45 | INFO     | Importing image AlmaLinux 9 (20241120)',
    ]);
  });

  it('says what is now true after an action: id, how, how long', () => {
    const done: Event = {
      type: 'action-done',
      cloud: 'admin',
      action: ACQUIRE,
      image: '3f2a',
      detail: 'method upload',
      ms: 12_000,
    };
    expect(texts([done])).toEqual(['INFO     | Imported image AlmaLinux 9 (20241120): method upload (3f2a, 12 s)']);
  });

  it('says the new name where an action gives one', () => {
    expect(texts([{type: 'action-done', cloud: 'admin', action: PUBLISH, ms: 90}])).toEqual([
      'INFO     | Published image AlmaLinux 9 (20241120) as "AlmaLinux 9": proven and complete (3f2a, 0.1 s)',
    ]);
  });

  it('U5: one problem reads as one of several does: place, then message', () => {
    const problem = {message: 'no such field', place: {file: 'a.yml', line: 3, column: 5}};
    const failed = (problems: readonly Problem[]): readonly string[] =>
      texts([
        {type: 'definition-failed', definition: 'Rocky 9', error: new ImgmgrError('DEFINITION', 'x', {problems})},
      ]);
    expect(failed([problem])).toEqual(['ERROR    | Rocky 9: a.yml:3:5: no such field']);
    expect(failed([problem, problem])).toContain('ERROR    | a.yml:3:5: no such field');
  });

  it('U5: says every 15 s that a cloud has not answered a login yet', () => {
    vi.useFakeTimers();
    try {
      const sink = collectingSink();
      const emit = emitTo(sink, createLog({sink, verbosity: 'normal', paint: PLAIN}));
      emit({type: 'started', command: 'manage', clouds: ['admin'], run: 'r'});
      vi.advanceTimersByTime(31_000);
      const waiting = sink
        .err()
        .split('\n')
        .filter((line) => line.includes('logging in'));
      expect(waiting.map((line) => line.split(' | ')[2])).toEqual([
        'logging in to admin, 15 s so far',
        'logging in to admin, 30 s so far',
      ]);
      emit({type: 'cloud-started', cloud: 'admin', project: 'p', user: 'u'});
      vi.advanceTimersByTime(31_000);
      expect(sink.err().split('logging in')).toHaveLength(3);
    } finally {
      vi.useRealTimers();
    }
  });

  it('says what failed, the value, where, then the hint', () => {
    expect(texts([{type: 'action-failed', cloud: 'admin', action: ACQUIRE, error: REFUSED, ms: 1}])).toEqual([
      'ERROR    | Importing image AlmaLinux 9 (20241120) failed: sha512 is ab…, demanded is cd… (images/alma.yml:3:5)',
      'ERROR    | hint: the mirror is stale',
    ]);
  });

  it('says a verdict with its cause, the checks that were bad, the hint and where the evidence is', () => {
    expect(texts([VERDICT])).toEqual([
      'ERROR    | Rocky 9 (9.4) failed its verification (datasource metadata): checks-failed, dns: no nameserver',
      'ERROR    | dns: fail, no nameserver',
      'ERROR    | swap: fail (severity warn), swap on the OS disk',
      'ERROR    | hint: mend it',
      'ERROR    | evidence: /state/run-1.json',
    ]);
    expect(texts([VERDICT], 'verbose')).toContain('ERROR    | guest-agent: not-applicable, not claimed');
  });

  it('gives each line that a hint quotes a line of its own, made safe', () => {
    const hint = 'the log ends with:\nE: no such package\u001b[31m\n\nbye';
    const error = new ImgmgrError('BUILD_FAILED', 'it failed', {hint});
    expect(texts([{type: 'definition-failed', cloud: 'admin', definition: 'Debian 12', error}])).toEqual([
      'ERROR    | Debian 12: it failed',
      'ERROR    | hint: the log ends with:',
      'ERROR    |   | E: no such package?[31m',
      'ERROR    |   | ',
      'ERROR    |   | bye',
    ]);
  });

  it('says a pass, and a fault of the environment, for what they are', () => {
    const {verdict} = VERDICT;
    const plain = {...VERDICT, evidence: '/e'};
    const passed = {
      ...plain,
      verdict: {...verdict, kind: 'pass', cause: 'passed', message: '41 checks passed', hint: 'x'},
    } as const;
    expect(texts([{...passed, verdict: {...passed.verdict, checks: []}}])[0]).toBe(
      'INFO     | Rocky 9 (9.4) passed (datasource metadata): 41 checks passed',
    );
    const faulty = {...plain, verdict: {...verdict, kind: 'environment', cause: 'quota', message: 'no room'}} as const;
    expect(texts([faulty])[0]).toBe(
      'ERROR    | Rocky 9 (9.4) could not be verified (datasource metadata): quota, no room',
    );
  });

  it('lists several problems, each with its place and hint', () => {
    const place = {file: 'a.yml', line: 3, column: 7};
    const problems = [
      {message: 'unknown key "nmae"', place, hint: 'did you mean "name"?'},
      {message: 'format is missing', place: {...place, line: 9}},
    ];
    const error = new ImgmgrError('DEFINITION', 'unknown key "nmae" (and 1 more)', {problems, place: 'a.yml:3:7'});
    expect(texts([{type: 'run-failed', error}])).toEqual([
      'ERROR    | 2 problems were found',
      'ERROR    | a.yml:3:7: unknown key "nmae"',
      'ERROR    |   hint: did you mean "name"?',
      'ERROR    | a.yml:9:7: format is missing',
    ]);
  });

  it('ends with the counts, all of them, always in the same order', () => {
    expect(texts([FINISHED])).toEqual([
      'INFO     | imported: 1, updated: 2, retired: 3, deleted: 4, unchanged: 5, quarantined: 8, failed: 6, pending: 7 (1 min 5 s)',
    ]);
  });

  it('tells a long wait at once and then at most once a minute, each transfer by itself', () => {
    const sink = collectingSink();
    const log = emitTo(sink, createLog({sink, verbosity: 'normal', paint: PLAIN}));
    for (let second = 0; second <= 60; second += 10) {
      log({
        ...PROGRESS,
        bytes: (second + 10) * 1024 ** 2,
        percent: second + 10,
        ...(second > 0 && {currentBps: 1024 ** 2, averageBps: 1024 ** 2}),
      });
      if (second === 0) log({...PROGRESS, version: 'other'});
      sink.advance(10_000);
    }
    const lines = sink.err().split('\n').slice(0, -1);
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(
      /AlmaLinux 9 \(20241120\): uploading 10 MiB of 100 MiB \(10 %\), 2.0 s of at most 30 min$/,
    );
    expect(lines[2]).toMatch(
      /uploading 70 MiB of 100 MiB \(70 %\), 1.0 MiB\/s \(average 1.0 MiB\/s\), 30 s left, 2.0 s of at most 30 min$/,
    );
  });

  it('tells a wait for another run with elapsed time and limit', () => {
    const waiting: Event = {
      type: 'waiting',
      cloud: 'admin',
      message: 'waiting for host a',
      elapsedMs: 5000,
      limitMs: 60_000,
    };
    expect(texts([waiting, waiting])).toEqual(['INFO     | waiting for host a, 5.0 s of at most 1 min']);
  });

  it('tells only errors when it is to be quiet', () => {
    const levels = texts(EVERY_EVENT, 'quiet').map((line) => line.slice(0, 5));
    expect(new Set(levels)).toEqual(new Set(['ERROR']));
  });

  it('tells decisions and the reason of each planned action only with -v', () => {
    const [decision, planned] = [EVERY_EVENT[3], EVERY_EVENT[4]].filter((event) => event !== undefined);
    if (!decision || !planned) throw new Error('samples changed');
    expect(texts([decision, planned])).toEqual([]);
    expect(texts([decision, planned], 'verbose')).toEqual([
      'INFO     | AlmaLinux 9: streamed, because sha256 cannot be proven by this cloud',
      'INFO     | Planned: import AlmaLinux 9 (20241120): not in the cloud yet',
      'INFO     | Planned: publish AlmaLinux 9 (20241120) as "AlmaLinux 9": proven and complete',
      'INFO     | visibility: private → public',
      'INFO     | Unchanged: Debian 12',
    ]);
  });

  it('tells each HTTP call only with --debug', () => {
    const http: Event = {
      type: 'http',
      method: 'GET',
      url: 'http://g/v2/images',
      status: 200,
      ms: 35.4,
      requestId: 'req-1',
    };
    expect(texts([http], 'verbose')).toEqual([]);
    expect(texts([http], 'debug')).toEqual(['DEBUG    | GET http://g/v2/images 200 35 ms req-1']);
  });

  it('shows a stack only with --debug', () => {
    const failed: Event = {type: 'run-failed', error: REFUSED};
    expect(texts([failed]).join('\n')).not.toContain('samples.ts');
    expect(texts([failed], 'debug').join('\n')).toContain('samples.ts');
  });

  it('says at the first signal what happens, at the second what is left behind', () => {
    expect(texts([{type: 'interrupted', signal: 'SIGINT', again: false, left: []}])).toEqual([
      'ERROR    | SIGINT: cleaning up (max 30 s); press again to quit now',
    ]);
    expect(texts([{type: 'interrupted', signal: 'SIGTERM', again: true, left: ['image 3f2a']}])).toEqual([
      'ERROR    | SIGTERM again: leaving at once; left behind: 1 thing',
      'ERROR    | image 3f2a',
      'ERROR    | hint: the next run finds and removes them by their stamp',
    ]);
  });

  it('strips control characters from names that come from the cloud', () => {
    const evil: Event = {
      type: 'warning',
      code: 'foreign-name',
      message: 'image "\u001b[2J\nroot\u202e" is foreign\u0007',
    };
    expect(texts([evil])).toEqual(['WARNING  | image "?[2J?root?" is foreign?']);
  });

  it('names the cloud of each sentence when there are several', () => {
    const started: Event = {type: 'started', command: 'manage', clouds: ['admin', 'other'], run: 'r'};
    const action: Event = {type: 'action-started', cloud: 'other', action: ACQUIRE};
    expect(texts([started, action]).at(-1)).toBe('INFO     | other: Importing image AlmaLinux 9 (20241120)');
    expect(texts([{...started, clouds: ['other']}, action]).at(-1)).toBe(
      'INFO     | Importing image AlmaLinux 9 (20241120)',
    );
  });

  it('writes nothing to stdout', () => {
    const sink = collectingSink();
    const emit = emitTo(sink, createLog({sink, verbosity: 'debug', paint: PLAIN}));
    EVERY_EVENT.forEach((event) => emit(event));
    expect(sink.out()).toBe('');
  });
});
