import {defineConfig} from 'vitest/config';

/** Guests that boot under QEMU, each healthy but for one fault: half a minute each under emulation, so apart from the quick tests. */
export default defineConfig({
  test: {
    include: ['test/local/**/*.boot.ts'],
    // Once: two builds at the same time write the same files.
    globalSetup: 'test/build-program.ts',
    // No requireAssertions: of tests that run at the same time it counts only one's.
    expect: {poll: {timeout: 30_000}},
    testTimeout: 900_000,
    hookTimeout: 900_000,
    // A guest that is emulated keeps a core busy while it boots, and then mostly waits. The longest file goes beside all the others.
    maxWorkers: 2,
    maxConcurrency: 3,
  },
});
