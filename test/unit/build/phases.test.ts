import {describe, expect, it} from 'vitest';
import {phaseReader, withoutTime} from '../../../src/build/phases.ts';

/** Where the build is after each line. */
function follow(lines: readonly string[]): string[] {
  const read = phaseReader();
  return lines.map((line) => {
    const {phase, hook} = read(line);
    return hook === undefined ? phase : `${phase}/${hook}`;
  });
}

const BUILD = '/var/tmp/imgmgr-build-1/tmp/dib_build.2zI7jnmF';

describe('the phase of a build', () => {
  it('is preparing until the first hooks', () => {
    expect(
      follow([
        'diskimage-builder version 3.43.0',
        'INFO diskimage_builder.block_device.blockdevice [-] Getting value for [root-label]',
        'Copying hooks /usr/lib/elements/debootstrap/root.d/08-debootstrap',
      ]),
    ).toEqual(['preparing', 'preparing', 'preparing']);
  });

  it('is that of the hooks on the host, and the hook that runs is named', () => {
    expect(
      follow([
        `Running hooks from ${BUILD}/hooks/root.d`,
        `dib-run-parts Sourcing environment file ${BUILD}/hooks/root.d/../environment.d/10-base-defaults`,
        `dib-run-parts Running ${BUILD}/hooks/root.d/08-debootstrap`,
        'I: Retrieving InRelease',
        'dib-run-parts 08-debootstrap completed',
      ]),
    ).toEqual(['root.d', 'root.d', 'root.d/08-debootstrap', 'root.d/08-debootstrap', 'root.d']);
  });

  it('is that of the hooks in the chroot, where only dib-run-parts tells it', () => {
    expect(follow(['dib-run-parts Running /tmp/in_target.d/install.d/50-agent-install'])).toEqual([
      'install.d/50-agent-install',
    ]);
  });

  it('is that of the extra packages until the next hooks: still install.d', () => {
    expect(
      follow(['dib-run-parts Running /tmp/in_target.d/install.d/1', 'dib-run-parts Target: install.d', 'E: broken']).at(
        -1,
      ),
    ).toBe('install.d/1');
  });

  it.each([
    'Calculating image size (this may take a minute)...',
    'INFO diskimage_builder.block_device.level0.localloop [-] Create image file [/x/image0.raw]',
    `dib-run-parts Running ${BUILD}/hooks/block-device.d/10-own`,
  ])('is block-device while the disk is made: %s', (line) => {
    expect(follow([`Running hooks from ${BUILD}/hooks/post-root.d`, line]).at(-1)).toMatch(/^block-device(\/10-own)?$/);
  });

  it('is finishing after the last hooks', () => {
    expect(
      follow([
        `Running hooks from ${BUILD}/hooks/cleanup.d`,
        'dib-run-parts Target: cleanup.d',
        'Converting image using qemu-img convert',
      ]),
    ).toEqual(['cleanup.d', 'finishing', 'finishing']);
  });

  it('never goes back, so a failure keeps the phase that it was in', () => {
    expect(
      follow([
        'dib-run-parts Running /tmp/in_target.d/finalise.d/50-bootloader',
        `Running hooks from ${BUILD}/hooks/root.d`,
      ]),
    ).toEqual(['finalise.d/50-bootloader', 'finalise.d/50-bootloader']);
  });

  it('does not come from what packages print', () => {
    expect(follow(['Setting up dib-run-parts Running /tmp/install.d/x', 'see /etc/root.d/x'])).toEqual([
      'preparing',
      'preparing',
    ]);
  });
});

describe('a line', () => {
  it('is read without the time before it', () => {
    expect(withoutTime('2026-11-21 12:12:49.056 | Build completed successfully')).toBe('Build completed successfully');
    expect(withoutTime('Build completed successfully')).toBe('Build completed successfully');
  });
});
