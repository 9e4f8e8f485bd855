import {defineConfig} from 'vitest/config';

const files = (...names: readonly string[]): string[] => names.map((name) => `test/cloud/${name}.test.ts`);
/** With servers, each part in projects of its own (test/cloud/support/own-project.ts). */
const SERVERS = files('test-servers', 'verify', 'oci');
const VOLUMES = files('in-use', 'volume-only', 'objects');
const DEBIAN = files('debian', 'tiny-guest');
const FULL = 'test/cloud/full/**/*.test.ts';

interface Part {
  readonly include: string[];
  readonly exclude?: readonly string[];
  readonly setup?: string;
}

const ALL: Part = {include: ['test/cloud/*.test.ts', FULL], setup: 'test/cloud/support/empty-cloud.ts'};
/** With limits in ms, which hold on a cloud that nothing else keeps busy, or with a part of the cloud broken for a while. */
const ALONE = ['test/cloud/rotation.test.ts', 'test/cloud/silent-cell.test.ts'];

/** Parts disturb each other in nothing but `alone`, and each waits for the cloud much of the time. */
const PARTS: Readonly<Record<string, Part>> = {
  alone: {include: ALONE, setup: 'test/cloud/support/empty-cloud.ts'},
  servers: {include: [...SERVERS, FULL], setup: 'test/cloud/support/own-project.ts'},
  volumes: {include: VOLUMES, setup: 'test/cloud/support/own-project.ts'},
  images: {include: ['test/cloud/*.test.ts'], exclude: [...SERVERS, ...VOLUMES, ...DEBIAN, ...ALONE]},
  debian: {include: DEBIAN, setup: 'test/cloud/support/own-project.ts'},
};
const part = PARTS[process.env['PART'] ?? ''] ?? ALL;

/**
 * The acceptance suite: one file after the other, since all of them work on the same real cloud. `PART=alone|images|volumes|servers|debian`:
 * only that part; test/cloud/run runs the first, which empties the cloud, then `debian` and `servers` beside `images` and `volumes`, so that
 * there are never more than two guests, and none but small ones beside the Debian one. `FULL=1`: what takes longest, too.
 */
export default defineConfig({
  test: {
    include: part.include,
    exclude: [...(part.exclude ?? []), ...(process.env['FULL'] === '1' ? [] : [FULL])],
    globalSetup: part.setup ?? [],
    fileParallelism: false,
    // No requireAssertions: of tests that run at the same time it counts only one's.
    expect: {poll: {timeout: 30_000}},
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
