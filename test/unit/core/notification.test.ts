import {describe, expect, it} from 'vitest';
import type {Event} from '../../../src/core/events.ts';
import {notificationOf} from '../../../src/core/notification.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import {EVERY_EVENT, PUBLISH, VERDICT} from '../report/samples.ts';

const REFUSED = new ImgmgrError('CLOUD_REFUSED', 'no', {hint: 'ask'});
const FAILED = {code: 'CLOUD_REFUSED', message: 'no', hint: 'ask'};
const NOTHING = {cloud: null, definition: null, version: null, image: null, action: null};

function told(event: Event, action?: string) {
  return notificationOf({event, ...(action !== undefined && {action})});
}

describe('a notification', () => {
  it('is made of few events', () => {
    const types = EVERY_EVENT.filter((event) => told(event, 'a')).map(({type}) => type);
    expect([...new Set(types)].sort()).toEqual(
      [
        'action-done',
        'action-failed',
        'cloud-failed',
        'definition-failed',
        'rolled-back',
        'run-failed',
        'verdict',
      ].sort(),
    );
  });

  it('tells of an image that is published, and of no other action', () => {
    const {definition, version} = PUBLISH;
    const done = {type: 'action-done', cloud: 'c', image: 'i', ms: 1} as const;
    expect(told({...done, action: PUBLISH})).toEqual({type: 'published', cloud: 'c', definition, version, image: 'i'});
    expect(told({...done, action: {...PUBLISH, kind: 'retire'}})).toBeUndefined();
  });

  it('tells once of an image in quarantine: not again as a failure, nor by later runs', () => {
    const {cloud, definition, image} = VERDICT;
    const failed: Event = {
      ...VERDICT,
      verdict: {...VERDICT.verdict, kind: 'fail', cause: 'checks-failed', failed: ['dns']},
    };
    const about = {cloud, definition, version: VERDICT.version ?? null, image};
    expect(told(failed, 'verify 1')).toEqual({type: 'quarantined', ...about, cause: 'checks-failed', failed: ['dns']});
    const error = new ImgmgrError('VERIFICATION', 'failed its verification');
    expect(
      told({type: 'action-failed', cloud, action: {...PUBLISH, kind: 'verify'}, error, ms: 1}, 'verify 1'),
    ).toBeUndefined();
    expect(told({type: 'definition-failed', cloud, definition, error})).toBeUndefined();
  });

  it('tells of no verdict on an image that is published already, and of none that passed or knows nothing', () => {
    const verdict = (kind: 'pass' | 'fail' | 'environment'): Event => ({
      ...VERDICT,
      verdict: {...VERDICT.verdict, kind},
    });
    expect(told(verdict('fail'))).toBeUndefined();
    expect(told(verdict('pass'), 'verify 1')).toBeUndefined();
    expect(told(verdict('environment'), 'verify 1')).toBeUndefined();
  });

  it('tells what failed, with null for what it is not about', () => {
    const {kind: action, definition, version} = PUBLISH;
    const event = {type: 'action-failed', cloud: 'c', action: PUBLISH, error: REFUSED, ms: 1} as const;
    expect(told(event)).toEqual({
      type: 'failed',
      cloud: 'c',
      definition,
      version,
      image: PUBLISH.image ?? null,
      action,
      ...FAILED,
    });
    const rest = {type: 'failed', ...NOTHING, ...FAILED};
    expect(told({type: 'definition-failed', cloud: 'c', definition: 'D', error: REFUSED})).toEqual({
      ...rest,
      cloud: 'c',
      definition: 'D',
    });
    expect(told({type: 'definition-failed', definition: 'D', error: REFUSED})).toEqual({...rest, definition: 'D'});
    expect(told({type: 'cloud-failed', cloud: 'c', error: REFUSED})).toEqual({...rest, cloud: 'c'});
    expect(told({type: 'run-failed', error: new ImgmgrError('CLOUD_REFUSED', 'no')})).toEqual({...rest, hint: null});
  });

  it('tells of no interruption', () => {
    expect(told({type: 'run-failed', error: new ImgmgrError('INTERRUPTED', 'interrupted')})).toBeUndefined();
  });

  it('tells of a rollback without the lines for the definition', () => {
    const answer = EVERY_EVENT.find(({type}) => type === 'rolled-back');
    if (answer?.type !== 'rolled-back') throw new Error('no rollback');
    const {lines, ...rest} = answer;
    expect(lines).not.toEqual([]);
    expect(told(answer)).toEqual(rest);
  });
});
