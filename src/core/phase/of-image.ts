import type {Image} from '../image/image.ts';
import {readStamp} from '../image/stamp.ts';
import type {PhaseAndReason} from './phase.ts';

/** The property by which every host knows that the bytes of an image are gone: when that was found, ISO 8601. */
export const LOST_KEY = 'imgmgr_lost';

/** What to do about an image that has lost its bytes. */
export const LOST_HINT =
  'restore the bytes in the store behind the cloud, or delete the image and run manage, which imports its version again';

/** The phase of an image as the cloud has it now, by its status and our stamp. */
export function phaseOfImage(image: Image): PhaseAndReason {
  switch (image.status) {
    case 'queued':
      return {phase: 'Pending', reason: 'Queued'};
    case 'saving':
    case 'uploading':
      return {phase: 'Provisioning', reason: 'Uploading'};
    case 'importing':
      return {phase: 'Provisioning', reason: 'Importing'};
    case 'pending_delete':
      return {phase: 'Terminating', reason: 'Deleting'};
    case 'deleted':
      return {phase: 'Terminating', reason: 'Deleted'};
    case 'killed':
      return {phase: 'Failed', reason: 'ImportFailed'};
    case 'active':
    case 'deactivated':
      return ofActive(image);
  }
}

function ofActive(image: Image): PhaseAndReason {
  if (image.properties[LOST_KEY] !== undefined) return {phase: 'ImageLost', reason: 'BytesMissing'};
  const state = readStamp(image)?.state;
  if (state === 'quarantined') return {phase: 'Failed', reason: 'VerificationFailed'};
  if (image.status === 'deactivated') return {phase: 'Ready', reason: 'Deactivated'};
  if (state === 'current') return {phase: 'Ready', reason: 'Published'};
  if (state === 'retired') return {phase: 'Ready', reason: image.osHidden ? 'Hidden' : 'Retired'};
  return {phase: 'Ready', reason: 'Active'};
}
