import {describe, expect, it} from 'vitest';
import {causeOf} from '../../../src/build/causes.ts';

describe('the cause of a failure', () => {
  it.each([
    ['cp: error writing x: No space left on device', 'no space was left on this host'],
    ["MissingElementException: Element 'debian-minimall' not found", 'there is no element "debian-minimall"'],
    ["ELEMENTS_PATH entry '/srv/el' is not a directory", '/srv/el is no folder'],
    ['MissingOSException: Please include an operating system element', 'no element names an operating system'],
    [
      'There is a duplicated hook in your elements: x/install.d/50-a',
      'two elements have the same hook x/install.d/50-a',
    ],
    ['E: Unable to locate package no-such-thing', 'the mirror has no package "no-such-thing"'],
    ["E: Package 'ntpp' has no installation candidate", 'the mirror has no package "ntpp"'],
    ['Error: Unable to find a match: ntpp', 'the mirror has no package "ntpp"'],
    ['W: GPG error: http://m bookworm: NO_PUBKEY 0E98404D386FA1D9', 'the signature of the mirror'],
    [
      "Err:1 http://mirror.invalid bookworm: Temporary failure resolving 'mirror.invalid'",
      'the mirror mirror.invalid could not',
    ],
    [
      'E: Failed getting release file http://m/dists/bookwurm/Release',
      'did not answer for http://m/dists/bookwurm/Release',
    ],
    ['E: Failed to fetch http://m/pool/a.deb  404  Not Found', 'did not answer for http://m/pool/a.deb'],
    ['Could not connect to 10.0.0.1:80 (10.0.0.1), connection timed out', 'the mirror did not answer:'],
  ])('%s', (line, cause) => {
    expect(causeOf(['Reading package lists...', line, 'Unmount /x'], 'install.d')).toContain(cause);
  });

  it('is the disk of the image, once there is one', () => {
    expect(causeOf(['cp: No space left on device'], 'block-device')).toContain('set a larger build.size');
    expect(causeOf(['cp: No space left on device'], 'post-root.d')).toContain('IMGMGR_BUILD_DIR');
  });

  it('is not what sudo says of a host that does not know its own name', () => {
    const lines = [
      'sudo: unable to resolve host vm: Name or service not known',
      'E: Failed to fetch http://m/grub.deb  x',
    ];
    expect(causeOf(lines, 'finalise.d')).toContain('did not answer for http://m/grub.deb');
    expect(causeOf(lines.slice(0, 1), 'finalise.d')).toBeUndefined();
  });

  it('is not known where nothing tells it', () => {
    expect(causeOf(['Reading package lists...', 'something else broke'], 'install.d')).toBeUndefined();
  });
});
