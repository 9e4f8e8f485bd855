import {describe, expect, it} from 'vitest';
import {patchlevelOf} from '../../../../src/core/build/patchlevel.ts';

function packages(...listed: readonly (readonly [string, string])[]) {
  return listed.map(([name, version]) => ({name, version, arch: 'amd64'}));
}

describe('the patch level of a list of packages', () => {
  it.each([
    ['base-files', '12.4+deb12u15', '12.15'],
    ['base-files', '13.8+deb13u2', '13.2'],
    ['rocky-release', '9.6-1.3.el9', '9.6'],
    ['almalinux-release', '10.0-33.el10', '10.0'],
    ['redhat-release', '9.4-0.5.el9', '9.4'],
  ])('%s %s is %s', (name, version, expected) => {
    expect(patchlevelOf(packages(['bash', '5.2'], [name, version]))).toBe(expected);
  });

  it.each([
    ['base-files', '13ubuntu10.3'],
    ['base-files', '12.4'],
    ['centos-stream-release', '9.0-26.el9'],
    ['rocky-release', '9'],
  ])('%s %s tells none', (name, version) => {
    expect(patchlevelOf(packages([name, version]))).toBeUndefined();
  });

  it('an empty list tells none', () => expect(patchlevelOf([])).toBeUndefined());
});
