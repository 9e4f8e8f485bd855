import type {ErrorCode} from '../../errors.ts';

/** How far an image is, whoever looks: in events, in the history, in `show` and on the pages. */
export const IMAGE_PHASES = [
  'Pending', // nothing is there yet but a plan, or a record without bytes
  'WaitingForUpload', // somebody else has to send the bytes
  'Provisioning', // the bytes are on their way
  'Ready', // active: the bytes are complete; the reason says how far it is published
  'Failed', // it is not usable, and nobody works on it
  'Terminating', // it is being deleted, or is gone
  'ImageLost', // the cloud calls it active, and its bytes are gone
] as const;
export type ImagePhase = (typeof IMAGE_PHASES)[number];

/** Why it is in its phase: names that stay; docs/cli.md says what each means. */
export const PHASE_REASONS = [
  ...['Planned', 'Queued', 'Begun'],
  'AwaitingUpload',
  ...['Fetching', 'Converting', 'Uploading', 'Importing', 'Copying'],
  ...['Active', 'Reading', 'Present', 'Verifying', 'Verified', 'NotVerified', 'Published', 'Retired', 'Hidden'],
  ...['Deactivated', 'Revoked', 'Changing', 'InUse', 'UseUnknown'],
  ...['Deleting', 'Deleted'],
  'BytesMissing',
  ...['VerificationFailed', 'UploadTimedOut', 'InvalidRequest', 'NotAuthorized', 'NotAllowed', 'CloudRefused'],
  ...['QuotaExceeded', 'TimedOut', 'CloudUnavailable', 'Locked', 'SourceRefused', 'SourceUnavailable'],
  ...['DigestMismatch', 'DigestUnknown', 'DigestChanged', 'FormatRefused', 'ImportFailed', 'ImageGone', 'BuildFailed'],
  ...['DiskFull', 'NewerFormat', 'ForeignImage', 'Unsupported', 'LimitExceeded', 'Interrupted', 'InternalError'],
] as const;
export type PhaseReason = (typeof PHASE_REASONS)[number];

/** Where an image is, and why. */
export interface PhaseAndReason {
  readonly phase: ImagePhase;
  readonly reason: PhaseReason;
}

/** What is known of one image at one moment. */
export interface ImagePhaseRow extends PhaseAndReason {
  readonly cloud: string;
  readonly definition: string;
  readonly version?: string;
  /** Glance id, once there is one. */
  readonly image?: string;
  /** How far its bytes are: 100 only when it is active; absent where no bytes travel. */
  readonly percent?: number;
}

/** An image entered a phase, or has another reason; the bus derives it from the other events. */
export interface ImagePhaseEvent extends ImagePhaseRow {
  readonly type: 'image-phase';
}

const REASON_OF_CODE: Readonly<Record<ErrorCode, PhaseReason>> = {
  USAGE: 'InvalidRequest',
  CONFIG: 'InvalidRequest',
  DEFINITION: 'InvalidRequest',
  AUTH: 'NotAuthorized',
  FORBIDDEN: 'NotAllowed',
  NOT_FOUND: 'CloudRefused',
  CONFLICT: 'CloudRefused',
  IN_USE: 'InUse',
  CLOUD_REFUSED: 'CloudRefused',
  PROTOCOL: 'CloudRefused',
  QUOTA: 'QuotaExceeded',
  TIMEOUT: 'TimedOut',
  UNAVAILABLE: 'CloudUnavailable',
  LOCKED: 'Locked',
  SOURCE_REFUSED: 'SourceRefused',
  SOURCE_UNAVAILABLE: 'SourceUnavailable',
  DIGEST_MISMATCH: 'DigestMismatch',
  DIGEST_UNKNOWN: 'DigestUnknown',
  DIGEST_CHANGED: 'DigestChanged',
  FORMAT_REFUSED: 'FormatRefused',
  IMPORT_FAILED: 'ImportFailed',
  IMAGE_GONE: 'ImageGone',
  IMAGE_LOST: 'BytesMissing',
  BUILD_FAILED: 'BuildFailed',
  DISK_FULL: 'DiskFull',
  NEWER_FORMAT: 'NewerFormat',
  FOREIGN_IMAGE: 'ForeignImage',
  UNSUPPORTED: 'Unsupported',
  VERIFICATION: 'VerificationFailed',
  ENVIRONMENT: 'NotVerified',
  LIMIT: 'LimitExceeded',
  INTERRUPTED: 'Interrupted',
  OUTPUT_LOST: 'InternalError',
  INTERNAL: 'InternalError',
};

/** The reason that an error stands for. */
export function reasonOfCode(code: ErrorCode): PhaseReason {
  return REASON_OF_CODE[code];
}
