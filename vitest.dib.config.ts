import {defineConfig} from 'vitest/config';

/** Builds with the real diskimage-builder: needs root and a mirror, takes many minutes. */
export default defineConfig({
  test: {
    include: ['test/dib/**/*.test.ts'],
    // Other stages run beside it.
    expect: {poll: {timeout: 60_000}, requireAssertions: true},
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
