import {defineConfig} from 'vitest/config';

/** Compared with other programs, which are installed first (test/oracle/run). */
export default defineConfig({
  test: {
    include: ['test/oracle/**/*.test.ts'],
    expect: {poll: {timeout: 30_000}, requireAssertions: true},
    testTimeout: 600_000,
    hookTimeout: 300_000,
    maxWorkers: 2,
  },
});
