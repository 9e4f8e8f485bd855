import {expect, it} from 'vitest';
import {otherSubject} from '../../../../src/core/rules/live-subject.ts';
import {image} from './subjects.ts';

it('keeps of an image that is not ours the beginnings of long values, and everything else as it is', () => {
  const exact = 'y'.repeat(256);
  const {properties} = otherSubject(image({}, {os_distro: 'x'.repeat(65_535), os_version: exact}));
  expect(properties).toMatchObject({os_distro: `${'x'.repeat(256)}…`, os_version: exact, architecture: 'x86_64'});
});

it('a value that is cut in the middle of a character stays a text', () => {
  const {properties} = otherSubject(image({}, {os_distro: `${'x'.repeat(255)}😀😀`}));
  expect(String(properties['os_distro'])).toHaveLength(257);
});
