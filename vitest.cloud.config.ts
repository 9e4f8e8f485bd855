import {defineConfig} from 'vitest/config';

/** With test servers of their own, in a project of their own (test/cloud/support/own-project.ts). */
const SERVERS = ['debian', 'in-use', 'test-servers', 'tiny-guest', 'verify'].map(
  (name) => `test/cloud/${name}.test.ts`,
);
const FULL = 'test/cloud/full/**/*.test.ts';

interface Half {
  readonly include: string[];
  readonly exclude?: readonly string[];
  readonly setup: string;
}

const ALL: Half = {include: ['test/cloud/*.test.ts', FULL], setup: 'test/cloud/support/empty-cloud.ts'};
/** Halves that disturb each other in nothing; each waits for the cloud most of the time. */
const HALVES: Readonly<Record<string, Half>> = {
  servers: {include: [...SERVERS, FULL], setup: 'test/cloud/support/own-project.ts'},
  images: {include: ['test/cloud/*.test.ts'], exclude: SERVERS, setup: 'test/cloud/support/empty-cloud.ts'},
};
const half = HALVES[process.env['HALF'] ?? ''] ?? ALL;

/**
 * The acceptance suite: one file after the other, since all of them work on the same real cloud. `HALF=images` or `HALF=servers`: only
 * that half, so that both can run side by side, as test/cloud/run does. `FULL=1`: what takes longest, too.
 */
export default defineConfig({
  test: {
    include: half.include,
    exclude: [...(half.exclude ?? []), ...(process.env['FULL'] === '1' ? [] : [FULL])],
    globalSetup: [half.setup],
    fileParallelism: false,
    expect: {poll: {timeout: 30_000}},
    testTimeout: 600_000,
    hookTimeout: 300_000,
  },
});
