import {expect, it} from 'vitest';
import {isIsolated} from '../isolation.ts';

it.each([
  ["vi.mock('../../src/exec.ts')", true],
  ["vi.spyOn(process, 'kill')", true],
  ["vi.stubEnv('HOME', '/x')", true],
  ["process.env['IMGMGR_LOCAL'] = folder;", true],
  ["delete process.env['HOME'];", true],
  ['process.umask(0o077);', true],
  ["import {countSteps} from './count-steps.ts';", true],
  ['// isolated: it measures how late answers are', true],
  ["const path = process.env['PATH'] ?? '';", false],
  ['const spy = vi.fn();', false],
])('a test file with %s is isolated: %s', (text, expected) => {
  expect(isIsolated(text)).toBe(expected);
});
