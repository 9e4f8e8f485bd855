import {describe, expect, it} from 'vitest';
import type {ActionKind, ActionSummary, Event} from '../../../../src/core/events.ts';
import {PhaseFollower} from '../../../../src/core/phase/follow.ts';
import {IMAGE_PHASES, PHASE_REASONS} from '../../../../src/core/phase/phase.ts';
import type {ErrorCode} from '../../../../src/errors.ts';
import {ImgmgrError} from '../../../../src/errors.ts';

const CLOUD = 'admin';
type Extra = Partial<ActionSummary>;

function action(kind: ActionKind, extra: Extra = {}): ActionSummary {
  return {kind, definition: 'Debian 13', version: '1', reason: 'it is missing', ...extra};
}

function started(kind: ActionKind, extra?: Extra): Event {
  return {type: 'action-started', cloud: CLOUD, action: action(kind, extra)};
}

function done(kind: ActionKind, extra: Extra & {readonly id?: string; readonly pending?: true} = {}): Event {
  const {id, pending, ...of} = extra;
  return {
    ...{type: 'action-done', cloud: CLOUD, action: action(kind, of), ms: 1},
    ...(id !== undefined && {image: id}),
    ...(pending && {pending}),
  };
}

function failed(kind: ActionKind, code: ErrorCode, extra?: Extra): Event {
  return {type: 'action-failed', cloud: CLOUD, action: action(kind, extra), error: new ImgmgrError(code, 'x'), ms: 1};
}

type Progress = Extract<Event, {type: 'progress'}>;

function progress(phase: Progress['phase'], more: Partial<Progress> = {}): Event {
  const base = {
    type: 'progress',
    cloud: CLOUD,
    definition: 'Debian 13',
    version: '1',
    elapsedMs: 0,
    limitMs: 1,
  } as const;
  return {...base, phase, ...more};
}

const FINISHED: Extract<Event, {type: 'finished'}> = {
  ...{type: 'finished', counted: [], exitCode: 0, ms: 1},
  counts: {
    ...{built: 0, passed: 0, imported: 0, updated: 0, retired: 0, deleted: 0},
    ...{unchanged: 0, quarantined: 0, failed: 0, pending: 0},
  },
};

function followed(events: readonly Event[]): readonly Event[] {
  let nowMs = 0;
  const follower = new PhaseFollower(() => (nowMs += 1000));
  return events.flatMap((event) => follower.follow(event));
}

/** `Phase/Reason` of each change, with its image where it has one. */
function phases(events: readonly Event[]): readonly string[] {
  return followed(events).flatMap((event) =>
    event.type === 'image-phase' ? [`${event.phase}/${event.reason}${event.image ? ` ${event.image}` : ''}`] : [],
  );
}

describe('PhaseFollower', () => {
  it('an image from its plan to its publication', () => {
    const acquire = {...action('acquire'), id: 'a1'};
    expect(
      phases([
        {type: 'planned', cloud: CLOUD, actions: [acquire], unchanged: [], definitions: []},
        {type: 'planned', cloud: CLOUD, actions: [acquire], unchanged: [], definitions: []},
        started('acquire'),
        progress('fetching'),
        progress('waiting'),
        progress('uploading', {image: 'i1'}),
        progress('uploading', {image: 'i1'}),
        progress('importing', {image: 'i1'}),
        done('acquire', {id: 'i1'}),
        started('verify'),
        progress('booting', {image: 'i1'}),
        done('verify', {id: 'i1'}),
        started('publish'),
        done('publish', {id: 'i1'}),
      ]),
    ).toEqual([
      // Under the lease it is planned again.
      ...['Pending/Planned', 'Pending/Planned'],
      ...['Provisioning/Begun', 'Provisioning/Fetching', 'Provisioning/Uploading i1', 'Provisioning/Importing i1'],
      ...['Ready/Active i1', 'Ready/Verifying i1', 'Ready/Verified i1', 'Ready/Changing i1', 'Ready/Published i1'],
    ]);
  });

  it("somebody else's upload is waited for, and is late", () => {
    const waiting = [started('acquire'), progress('waiting-for-upload', {image: 'i1'})];
    expect(phases([...waiting, progress('uploading', {image: 'i1'}), done('acquire', {id: 'i1'})])).toEqual([
      ...['Provisioning/Begun', 'WaitingForUpload/AwaitingUpload i1', 'Provisioning/Uploading i1', 'Ready/Active i1'],
    ]);
    expect(phases([...waiting, failed('acquire', 'TIMEOUT')]).at(-1)).toBe('Failed/UploadTimedOut i1');
    expect(phases([started('acquire'), failed('acquire', 'TIMEOUT')]).at(-1)).toBe('Failed/TimedOut');
  });

  it('what the cloud goes on with is not ready', () => {
    expect(phases([started('acquire'), done('acquire', {id: 'i1', pending: true})]).at(-1)).toBe(
      'Provisioning/Importing i1',
    );
  });

  it('a live image that could not be changed is as usable as before; the reason says why', () => {
    expect(phases([started('retire', {image: 'i0'}), failed('retire', 'FORBIDDEN', {image: 'i0'})])).toEqual([
      'Ready/Changing i0',
      'Ready/NotAllowed i0',
    ]);
    expect(phases([started('delete', {image: 'i0'}), failed('delete', 'UNAVAILABLE', {image: 'i0'})]).at(-1)).toBe(
      'Ready/CloudUnavailable i0',
    );
    expect(phases([started('update', {image: 'i0'}), failed('update', 'IMAGE_GONE', {image: 'i0'})]).at(-1)).toBe(
      'Failed/ImageGone i0',
    );
  });

  it.each([
    ['in-use', 'InUse'],
    ['use-unknown', 'UseUnknown'],
    ['delete-refused', 'InUse'],
  ] as const)('an image that stays, by the warning %s, is as ready as before: %s', (code, reason) => {
    const stays: Event = {type: 'warning', cloud: CLOUD, image: 'i0', code, message: 'it stays'};
    expect(
      phases([stays, started('delete', {image: 'i0'}), stays, stays, done('delete', {image: 'i0'}), FINISHED]),
    ).toEqual(['Terminating/Deleting i0', `Ready/${reason} i0`]);
  });

  it('two images of one version are told apart by their ids, whatever comes first', () => {
    expect(
      phases([
        started('acquire'),
        started('retire', {image: 'i0'}),
        done('retire', {image: 'i0', id: 'i0'}),
        progress('uploading', {image: 'i1'}),
        done('acquire', {id: 'i1'}),
        started('delete', {image: 'i0'}),
        done('delete', {image: 'i0'}),
      ]),
    ).toEqual([
      ...['Provisioning/Begun', 'Ready/Changing i0', 'Ready/Retired i0', 'Provisioning/Uploading i1'],
      ...['Ready/Active i1', 'Terminating/Deleting i0', 'Terminating/Deleted i0'],
    ]);
  });

  it('progress of an image has its share of the whole and its speeds; a boot has none', () => {
    const events = followed([
      started('acquire'),
      progress('uploading', {bytes: 0, total: 100}),
      progress('uploading', {bytes: 50, total: 100}),
      done('acquire', {id: 'i1'}),
      progress('booting', {image: 'i1'}),
    ]).filter(({type}) => type === 'progress') as Progress[];
    expect(events.map(({percent, averageBps, currentBps}) => [percent, averageBps, currentBps])).toEqual([
      [0, undefined, undefined],
      [45, 50, 50],
      [undefined, undefined, undefined],
    ]);
  });

  it('is below 100 % until the image is active, and 100 then', () => {
    const all = followed([
      started('acquire'),
      progress('uploading', {bytes: 100, total: 100}),
      progress('importing', {bytes: 1e9, total: 1}),
      done('acquire', {id: 'i1'}),
      FINISHED,
    ]);
    const shares = all.flatMap((event) => ('percent' in event ? [event.percent] : []));
    expect(shares).toEqual([0, 90, 90, 99.9, 99.9, 100]);
  });

  it('the end of the run says where each image got to', () => {
    const end = followed([started('acquire'), failed('acquire', 'QUOTA'), FINISHED]).at(-1);
    expect(end).toMatchObject({
      images: [{cloud: CLOUD, definition: 'Debian 13', version: '1', phase: 'Failed', reason: 'QuotaExceeded'}],
    });
    expect(followed([FINISHED])).toEqual([FINISHED]);
  });

  it('an interruption ends what was under way, and nothing else', () => {
    const events = [
      started('update', {image: 'i0', version: '0'}),
      done('update', {image: 'i0', version: '0'}),
      started('acquire'),
      {...FINISHED, exitCode: 130},
    ];
    expect(phases(events)).toEqual([
      'Ready/Changing i0',
      'Ready/Active i0',
      'Provisioning/Begun',
      'Failed/Interrupted',
    ]);
  });

  it('a cloud that fails ends what was under way there', () => {
    const error = new ImgmgrError('UNAVAILABLE', 'x');
    expect(phases([started('acquire'), {type: 'cloud-failed', cloud: 'other', error}])).toHaveLength(1);
    expect(phases([started('acquire'), {type: 'cloud-failed', cloud: CLOUD, error}]).at(-1)).toBe(
      'Failed/CloudUnavailable',
    );
  });

  it('a dry run has no phases', () => {
    const acquire = {...action('acquire'), id: 'a1'};
    expect(
      phases([
        {type: 'started', command: 'dry-run', clouds: [CLOUD], run: 'r'},
        {type: 'planned', cloud: CLOUD, actions: [acquire], unchanged: [], definitions: []},
      ]),
    ).toEqual([]);
  });

  it('S16: events in any order lead to phases and reasons of the closed sets, and no share of progress is 100', () => {
    const kinds: readonly ActionKind[] = [
      'acquire',
      'resume',
      'verify',
      'publish',
      'retire',
      'delete',
      'copy',
      'update',
    ];
    const codes: readonly ErrorCode[] = ['TIMEOUT', 'IN_USE', 'IMAGE_LOST', 'VERIFICATION', 'ENVIRONMENT', 'INTERNAL'];
    const some = [
      ...kinds.flatMap((kind) => [started(kind), done(kind, {id: 'i1'}), started(kind, {image: 'i2'})]),
      ...kinds.flatMap((kind) => codes.map((code) => failed(kind, code))),
      ...(['fetching', 'uploading', 'importing', 'copying', 'booting', 'waiting-for-upload'] as const).flatMap(
        (stage) => [0, 5, 100, 7].map((bytes) => progress(stage, {image: 'i1', bytes, total: 100})),
      ),
      FINISHED,
    ];
    let random = 1;
    const next = (): number => (random = (random * 48_271) % 2_147_483_647);
    for (let round = 0; round < 200; round++) {
      const order = some.map((event) => ({event, at: next()})).toSorted((one, two) => one.at - two.at);
      const all = followed(order.map(({event}) => event));
      const rows = all.flatMap((event) => (event.type === 'image-phase' ? [event] : []));
      expect(rows.every(({phase, reason}) => IMAGE_PHASES.includes(phase) && PHASE_REASONS.includes(reason))).toBe(
        true,
      );
      const shares = all.flatMap((event) => (event.type === 'progress' ? [event.percent ?? 0] : []));
      expect(shares.every((share) => share < 100)).toBe(true);
    }
  });
});
