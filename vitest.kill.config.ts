import {defineConfig} from 'vitest/config';

/** Runs that are killed at every write: hundreds of processes, so apart from the quick tests. */
export default defineConfig({
  test: {
    include: ['test/kill/**/*.test.ts'],
    globalSetup: ['test/kill/build.ts', 'test/kill/warm-up.ts'],
    expect: {poll: {timeout: 30_000}, requireAssertions: true},
    testTimeout: 900_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // No file changes modules or its own process, and each would load them anew.
    isolate: false,
  },
});
