import {defineConfig} from 'vitest/config';

/** Builds with real mounts and loop devices, killed in every phase: needs root, so apart from the quick tests. */
export default defineConfig({
  test: {
    include: ['test/build/**/*.test.ts'],
    globalSetup: ['test/build/support/programs.ts'],
    // No requireAssertions: of tests that run at the same time it counts only one's.
    expect: {poll: {timeout: 30_000}},
    testTimeout: 600_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    maxConcurrency: 2,
  },
});
