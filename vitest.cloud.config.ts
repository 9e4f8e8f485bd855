import {defineConfig} from 'vitest/config';

/** The acceptance suite: one file after the other, since all of them work on the same real cloud. `FULL`: what takes longest, too. */
export default defineConfig({
  test: {
    include: ['test/cloud/**/*.test.ts'],
    exclude: process.env['FULL'] === '1' ? [] : ['test/cloud/full/**'],
    globalSetup: ['test/cloud/support/empty-cloud.ts'],
    fileParallelism: false,
    testTimeout: 180_000,
    hookTimeout: 120_000,
  },
});
