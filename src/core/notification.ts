import type {ErrorCode, ImgmgrError} from '../errors.ts';
import type {StampedEvent} from './events.ts';
import type {RolledBack} from './rollback-answer.ts';

/** What other programs are told of a run; null: there is none, or it is not known. Nothing is taken out of these, and nothing renamed. */
export type Notification =
  | ({readonly type: 'published'} & About)
  /** It failed its verification, so it is not published; `failed`: ids of checks. */
  | ({readonly type: 'quarantined'; readonly cause: string; readonly failed: readonly string[]} & About)
  | ({readonly type: 'rolled-back'} & Omit<RolledBack, 'type' | 'lines' | 'reason'> & {readonly reason: string | null})
  | ({
      readonly type: 'failed';
      /** The kind of the action; null: it is about a definition, a cloud or the run. */
      readonly action: string | null;
      readonly code: ErrorCode;
      readonly message: string;
      readonly hint: string | null;
    } & Nullable<About>);

interface About {
  readonly cloud: string;
  readonly definition: string;
  readonly version: string | null;
  /** Glance id. */
  readonly image: string | null;
}

type Nullable<T> = {readonly [Key in keyof T]: T[Key] | null};

/** What is told of an event; undefined for nearly all of them. */
export function notificationOf({event, action}: Pick<StampedEvent, 'event' | 'action'>): Notification | undefined {
  if (event.type === 'action-done') {
    const {kind, definition, version = null, image: live} = event.action;
    const {cloud, image = live ?? null} = event;
    return kind === 'publish' ? {type: 'published', cloud, definition, version, image} : undefined;
  }
  if (event.type === 'verdict') {
    const {cloud, definition, version = null, image, verdict} = event;
    // Without an action it is about an image that is published already (`verify`).
    if (action === undefined || verdict.kind !== 'fail') return undefined;
    return {type: 'quarantined', cloud, definition, version, image, cause: verdict.cause, failed: verdict.failed};
  }
  if (event.type === 'rolled-back') {
    const {cloud, definition, how, versions, current, reason = null} = event;
    return {type: 'rolled-back', cloud, definition, how, versions, current, reason};
  }
  if (event.type === 'action-failed') {
    const {kind, definition, version = null, image = null} = event.action;
    const about = {cloud: event.cloud, definition, version, image};
    // The verdict has told it.
    return event.error.code === 'VERIFICATION' ? undefined : failure({...about, action: kind}, event.error);
  }
  if (event.type === 'definition-failed') {
    const about = {...NOTHING, cloud: event.cloud ?? null, definition: event.definition};
    // That it is quarantined still was told before.
    return event.error.code === 'VERIFICATION' ? undefined : failure(about, event.error);
  }
  if (event.type === 'cloud-failed') return failure({...NOTHING, cloud: event.cloud}, event.error);
  return event.type === 'run-failed' ? failure(NOTHING, event.error) : undefined;
}

const NOTHING = {cloud: null, definition: null, version: null, image: null, action: null};

/** An interruption is what somebody wants. */
function failure(
  about: Nullable<About> & {readonly action: string | null},
  {code, message, hint}: ImgmgrError,
): Notification | undefined {
  return code === 'INTERRUPTED' ? undefined : {type: 'failed', ...about, code, message, hint: hint ?? null};
}
