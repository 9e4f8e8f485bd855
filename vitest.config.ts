import {globSync, readFileSync} from 'node:fs';
import {defineConfig} from 'vitest/config';
import {isIsolated} from './test/isolation.ts';

const OTHER_STAGES = ['cloud', 'bench', 'kill', 'build', 'dib', 'oracle', 'browser'].map((stage) => `test/${stage}/**`);

const isolated = globSync('test/**/*.test.ts').filter((file) => isIsolated(readFileSync(file, 'utf8')));

/**
 * The fast tests. Most files share the modules that a worker has loaded: to load them anew for each of 200 files takes a minute of CPU
 * time. A file that changes them or the process has them for itself (test/isolation.ts).
 */
export default defineConfig({
  test: {
    globalSetup: 'test/build-program.ts',
    // Much of a test is waiting, for a fake server or a process.
    maxWorkers: 3,
    projects: [
      {
        extends: true,
        test: {
          ...named('shared'),
          include: ['test/**/*.test.ts'],
          exclude: [...OTHER_STAGES, ...isolated],
          isolate: false,
        },
      },
      {extends: true, test: {...named('isolated'), include: isolated, exclude: OTHER_STAGES}},
    ],
  },
});

function named(name: string) {
  return {
    name,
    globalSetup: [],
    expect: {poll: {timeout: 30_000}, requireAssertions: true},
    testTimeout: 90_000,
    hookTimeout: 90_000,
  };
}
