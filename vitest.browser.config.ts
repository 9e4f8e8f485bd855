import {defineConfig} from 'vitest/config';

/** The pages of `imgmgr serve` in Chromium, which test/browser/run installs. */
export default defineConfig({
  test: {
    include: ['test/browser/**/*.test.ts'],
    // The pictures of the README are made with PICTURES=1 alone.
    exclude: process.env['PICTURES'] === undefined ? ['test/browser/pictures.test.ts'] : [],
    // Once: two builds at the same time write the same files.
    globalSetup: 'test/build-program.ts',
    expect: {poll: {timeout: 30_000}, requireAssertions: true},
    testTimeout: 300_000,
    hookTimeout: 300_000,
    // A Chromium each.
    maxWorkers: 2,
  },
});
