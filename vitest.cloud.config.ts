import {defineConfig} from 'vitest/config';

/** The acceptance suite: one file after the other, since all of them work on the same real cloud. */
export default defineConfig({
  test: {
    include: ['test/cloud/**/*.test.ts'],
    globalSetup: ['test/cloud/support/empty-cloud.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
