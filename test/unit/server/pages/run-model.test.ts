import {describe, expect, it} from 'vitest';
import type {SeenAction, SeenEvent} from '../../../../src/server/pages/run-event.ts';
import {closeRun, newRun, takeEvent} from '../../../../src/server/pages/run-model.ts';
import type {RunModel} from '../../../../src/server/pages/run-model.ts';
import type {Subject} from '../../../../src/server/pages/run-subject.ts';

const ABOUT = {cloud: 'prod-a', definition: 'Debian 12', version: '2'};
const ACTIONS: readonly SeenAction[] = [
  ...['acquire', 'verify', 'publish'].map((kind, index) => ({
    id: `a${index}`,
    kind,
    definition: 'Debian 12',
    version: '2',
  })),
  {id: 'a3', kind: 'retire', definition: 'Debian 12', version: '1'},
];
const [ACQUIRE = {}, VERIFY = {}, PUBLISH = {}, RETIRE = {}] = ACTIONS;

/** A run of these events, numbered. */
function runOf(...events: readonly (Omit<SeenEvent, 'seq' | 'at'> & {readonly cloud?: string})[]): RunModel {
  const model = newRun();
  events.forEach((event, index) =>
    takeEvent(model, {cloud: 'prod-a', ...event, seq: index + 1, at: `2026-11-27T12:00:0${index}Z`}),
  );
  return model;
}

function lineOf(model: RunModel, key = 'prod-a/Debian 12'): string {
  const [subject] = model.subjects.get(key) ?? [];
  return (subject?.steps ?? []).map(({name, state}) => `${name} ${state}`).join(', ');
}

function only(model: RunModel): Subject {
  const [subject, ...others] = [...model.subjects.values()].flat();
  if (!subject || others.length > 0) throw new Error('one subject is expected');
  return subject;
}

const PLANNED = {type: 'planned', actions: ACTIONS};
const FAILED = {
  ...{type: 'verdict', ...ABOUT, image: 'i1'},
  verdict: {kind: 'fail', cause: 'no-network', message: 'it has no address', hint: 'look at the console', checks: []},
};

describe('the line of an image', () => {
  it('begins with what is planned, in the order of the work', () => {
    expect(lineOf(runOf({...PLANNED, actions: [...ACTIONS].reverse()}))).toBe(
      'candidate waiting, upload waiting, boot waiting, checks waiting, published waiting',
    );
  });

  it('is at the candidate while bytes are fetched, and at the upload while they are sent, with the part that is done', () => {
    const began = [PLANNED, {type: 'action-started', action: ACQUIRE}];
    expect(lineOf(runOf(...began, {type: 'progress', ...ABOUT, phase: 'fetching', bytes: 1, total: 4}))).toContain(
      'candidate now',
    );
    const model = runOf(...began, {type: 'progress', ...ABOUT, phase: 'uploading', bytes: 2, total: 4, percent: 50});
    expect(lineOf(model)).toContain('candidate done, upload now, boot waiting');
    expect(only(model).steps[1]).toMatchObject({detail: 'uploading 2 B of 4 B', share: 0.5});
  });

  it('ends with the publication', () => {
    const model = runOf(
      ...[PLANNED, {type: 'action-done', action: ACQUIRE}, {type: 'progress', ...ABOUT, phase: 'booting'}],
      {type: 'verdict', ...ABOUT, verdict: {kind: 'pass', checks: [{id: 'dns', severity: 'fail', outcome: 'pass'}]}},
      ...[
        {type: 'action-done', action: VERIFY},
        {type: 'action-done', action: PUBLISH},
        {type: 'action-done', action: RETIRE},
      ],
    );
    expect(lineOf(model)).toBe('candidate done, upload done, boot done, checks done, published done');
    expect(only(model).outcome).toMatchObject({tone: 'good', text: 'published'});
    expect(only(model).extras).toMatchObject([{kind: 'retire', state: 'done'}]);
  });

  it('stops at the boot of a guest that did not report, says why, and that the predecessor is still public', () => {
    const model = runOf(PLANNED, FAILED, {
      type: 'action-failed',
      action: VERIFY,
      error: {code: 'VERIFICATION', message: 'x'},
    });
    expect(lineOf(model)).toBe('candidate done, upload done, boot failed, checks stopped, published stopped');
    expect(only(model).outcome).toEqual({
      ...{tone: 'bad', text: 'FAILED no-network (image); predecessor still public'},
      ...{detail: 'it has no address', hint: 'look at the console'},
    });
  });

  it('stops at the checks that a guest failed, with their number', () => {
    const checks = [
      {id: 'dns', severity: 'fail', outcome: 'fail'},
      {id: 'mtu', severity: 'fail', outcome: 'pass'},
    ];
    const model = runOf(PLANNED, {
      type: 'verdict',
      ...ABOUT,
      verdict: {kind: 'fail', cause: 'checks-failed', failed: ['dns'], checks},
    });
    expect(lineOf(model)).toContain('boot done, checks failed');
    expect(only(model).steps[3]?.detail).toBe('1 passed, 1 failed');
  });

  it('does not blame the image for a fault of the cloud', () => {
    const model = runOf(PLANNED, {
      type: 'verdict',
      ...ABOUT,
      verdict: {kind: 'environment', cause: 'quota', checks: []},
    });
    expect(only(model).outcome?.text).toBe('NOT VERIFIED quota (cloud or host); predecessor still public');
  });

  it('says that nothing was published where there is no predecessor', () => {
    const model = runOf(
      {type: 'planned', actions: ACTIONS.slice(0, 3)},
      {type: 'action-started', action: ACQUIRE},
      {type: 'action-failed', action: ACQUIRE, error: {code: 'QUOTA', message: 'no room', hint: 'ask for more'}},
    );
    expect(lineOf(model)).toContain('candidate failed, upload stopped');
    expect(only(model).outcome).toEqual({
      tone: 'bad',
      text: 'FAILED QUOTA; nothing was published',
      detail: 'no room',
      hint: 'ask for more',
    });
  });

  it('of a verification alone has the boot and the checks', () => {
    expect(lineOf(runOf({type: 'progress', ...ABOUT, phase: 'booting'}))).toBe('boot now, checks waiting');
  });

  it('is planned anew when the cloud is planned again under its lease', () => {
    const model = runOf(PLANNED, {type: 'planned', actions: [RETIRE]});
    expect(lineOf(model)).toBe('');
    expect(only(model).extras).toHaveLength(1);
  });

  it('is one for each version of a definition', () => {
    const other = {...ACQUIRE, id: 'b0', version: '3'};
    const model = runOf({type: 'planned', actions: [ACQUIRE, other]}, {type: 'action-started', action: other});
    expect(model.subjects.get('prod-a/Debian 12')).toMatchObject([
      {version: '2', steps: [{state: 'waiting'}, {}]},
      {version: '3', steps: [{state: 'now'}, {}]},
    ]);
  });

  it('ends where the run ends', () => {
    const model = runOf(PLANNED, {type: 'action-started', action: ACQUIRE});
    closeRun(model);
    expect(lineOf(model)).not.toMatch(/now|waiting/);
  });
});

describe('a build on this host', () => {
  it('has a line of its own, with the phase of diskimage-builder', () => {
    const about = {cloud: undefined, definition: 'Tiny Guest', version: '1'} as unknown as {readonly cloud: string};
    const began = [
      {type: 'build-started', ...about, reason: 'there is none'},
      {type: 'build-progress', ...about, phase: 'install.d', line: 'x'},
    ];
    expect(only(runOf(...began)).steps[0]).toMatchObject({name: 'build', state: 'now', detail: 'install.d'});
    const model = runOf(...began, {type: 'built', ...about, files: [{format: 'qcow2', size: 2048}]});
    expect(only(model)).toMatchObject({
      outcome: {text: 'built'},
      steps: [{state: 'done'}, {state: 'done', detail: 'qcow2 2.0 KiB'}],
    });
  });
});

describe('what a run says', () => {
  it.each([
    [
      {type: 'warning', definition: 'D', message: 'm', hint: 'h'},
      {tone: 'warn', about: 'prod-a, D', text: 'm', hint: 'h'},
    ],
    [
      {type: 'cloud-failed', error: {code: 'AUTH', message: 'refused'}},
      {tone: 'bad', text: 'AUTH: refused'},
    ],
    [
      {type: 'hold', definition: null, change: 'set', until: '2026-12-24'},
      {text: 'every definition is held until 2026-12-24'},
    ],
    [
      {type: 'rolled-back', how: 'rollback', versions: ['2'], current: '1', lines: ['revoked: x']},
      {text: 'revoked: 2; 1 has the name', lines: ['revoked: x']},
    ],
    [
      {type: 'interrupted', signal: 'SIGINT', left: ['image i1']},
      {tone: 'warn', text: 'interrupted by SIGINT; it leaves image i1'},
    ],
  ])('is kept: %j', (event, said) => {
    expect(runOf(event).said).toMatchObject([said]);
  });

  it('may lack everything but its type', () => {
    const types = [
      'planned',
      'build-started',
      'built',
      'action-started',
      'progress',
      'verdict',
      'action-done',
      'action-failed',
      'warning',
      'run-failed',
      'hold',
      'rolled-back',
    ];
    expect(runOf(...types.map((type) => ({type}))).seq).toBe(types.length);
  });
});
