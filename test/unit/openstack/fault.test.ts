import {expect, it} from 'vitest';
import {faultCause} from '../../../src/openstack/nova/fault.ts';

it.each([
  ['No valid host was found. There are not enough hosts available.', 'no-valid-host'],
  ['Exceeded maximum number of retries. Exhausted all hosts available', 'no-valid-host'],
  ['Quota exceeded for instances: Requested 1', 'quota'],
  ['Failed to allocate the network(s), not rescheduling.', undefined],
  ['', undefined],
  ['Image 123 is unacceptable: Image is not in qcow2 format', 'image'],
  ["Flavor's disk is too small for requested image.", 'image'],
  ['Block Device Mapping is Invalid: failed to get image 123.', 'image'],
  ['Build of instance 1 aborted\nImage 123 is corrupt', 'image'],
])('the fault "%s" of Nova is about: %s', (fault, cause) => {
  expect(faultCause(fault)).toBe(cause);
});
