import {defineConfig} from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    globalSetup: 'test/build-program.ts',
    exclude: [
      'test/cloud/**',
      'test/bench/**',
      'test/kill/**',
      'test/build/**',
      'test/dib/**',
      'test/oracle/**',
      'node_modules/**',
    ],
    expect: {poll: {timeout: 30_000}, requireAssertions: true},
    testTimeout: 90_000,
    hookTimeout: 90_000,
    // Much of a test is waiting, for a fake server or a process.
    maxWorkers: 3,
  },
});
