import {defineConfig} from 'vitest/config';

/** Builds with the real diskimage-builder: needs root and a mirror, takes many minutes. */
export default defineConfig({
  test: {
    include: ['test/dib/**/*.test.ts'],
    expect: {requireAssertions: true},
    testTimeout: 1_800_000,
    hookTimeout: 600_000,
  },
});
