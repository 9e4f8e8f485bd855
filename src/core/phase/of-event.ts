import type {ErrorCode} from '../../errors.ts';
import type {ActionKind, Event} from '../events.ts';
import type {PhaseAndReason, PhaseReason} from './phase.ts';
import {reasonOfCode} from './phase.ts';

export type Stage = Extract<Event, {type: 'progress'}>['phase'];

/** Kinds of actions at whose end an image has its bytes. */
export function bringsBytes(kind: ActionKind | undefined): boolean {
  return kind === 'acquire' || kind === 'resume';
}

/** Kinds of actions at whose end an image is gone. */
export function isDeletion(kind: ActionKind): kind is 'delete' | 'remove' {
  return kind === 'delete' || kind === 'remove';
}

/** An action of this kind has begun. */
export function atStart(kind: ActionKind): PhaseAndReason {
  if (bringsBytes(kind)) return {phase: 'Provisioning', reason: 'Begun'};
  if (isDeletion(kind)) return {phase: 'Terminating', reason: 'Deleting'};
  if (kind === 'verify') return {phase: 'Ready', reason: 'Verifying'};
  return {phase: 'Ready', reason: kind === 'copy' ? 'Copying' : 'Changing'};
}

const AT_END: Readonly<Record<Exclude<ActionKind, 'delete' | 'remove'>, PhaseReason>> = {
  acquire: 'Active',
  resume: 'Active',
  verify: 'Verified',
  publish: 'Published',
  retire: 'Retired',
  revoke: 'Revoked',
  lift: 'Active',
  adopt: 'Active',
  update: 'Active',
  hide: 'Hidden',
  deactivate: 'Deactivated',
  reactivate: 'Active',
  share: 'Active',
  copy: 'Active',
};

/** An action of this kind is done; `pending`: the cloud goes on with it. */
export function atEnd(kind: ActionKind, pending: boolean): PhaseAndReason {
  if (isDeletion(kind)) return {phase: 'Terminating', reason: 'Deleted'};
  return pending ? {phase: 'Provisioning', reason: 'Importing'} : {phase: 'Ready', reason: AT_END[kind]};
}

const OF_STAGE: Readonly<Record<Stage, PhaseReason | undefined>> = {
  'waiting-for-upload': 'AwaitingUpload',
  fetching: 'Fetching',
  converting: 'Converting',
  uploading: 'Uploading',
  importing: 'Importing',
  copying: 'Copying',
  reading: 'Reading',
  booting: 'Verifying',
  // For a turn of its own: nothing changes meanwhile.
  waiting: undefined,
};

/** The image is at this stage; undefined: that says nothing of it. `kind`: of the action that works on it. */
export function atStage(stage: Stage, kind: ActionKind | undefined): PhaseAndReason | undefined {
  const reason = OF_STAGE[stage];
  if (reason === undefined) return undefined;
  if (reason === 'AwaitingUpload') return {phase: 'WaitingForUpload', reason};
  const isActive = stage === 'booting' || stage === 'reading' || (kind !== undefined && !bringsBytes(kind));
  return {phase: isActive ? 'Ready' : 'Provisioning', reason};
}

/** Work on the image failed; `before`: where it was then. An image that was active, and is only not changed, is as usable as before. */
export function atFailure(
  code: ErrorCode,
  kind: ActionKind | undefined,
  before: PhaseAndReason | undefined,
): PhaseAndReason {
  if (code === 'IMAGE_LOST') return {phase: 'ImageLost', reason: 'BytesMissing'};
  if (before?.phase === 'WaitingForUpload' && code === 'TIMEOUT') return {phase: 'Failed', reason: 'UploadTimedOut'};
  const reason = reasonOfCode(code);
  if (code === 'ENVIRONMENT') return {phase: 'Ready', reason};
  if (code === 'IMAGE_GONE' || code === 'DIGEST_MISMATCH' || code === 'VERIFICATION') return {phase: 'Failed', reason};
  const wasActive = kind === undefined ? before?.phase === 'Ready' : !bringsBytes(kind);
  return {phase: wasActive ? 'Ready' : 'Failed', reason};
}

/** What a verdict says. */
export function atVerdict(kind: 'pass' | 'fail' | 'environment'): PhaseAndReason {
  if (kind === 'pass') return {phase: 'Ready', reason: 'Verified'};
  return kind === 'fail' ? {phase: 'Failed', reason: 'VerificationFailed'} : {phase: 'Ready', reason: 'NotVerified'};
}
