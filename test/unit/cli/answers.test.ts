import {describe, expect, it} from 'vitest';
import {execute} from '../../../src/cli/execute.ts';
import {runCommandLine} from '../../../src/cli/program.ts';
import {countsOf} from '../../../src/core/counts.ts';
import type {ActionKind, Event} from '../../../src/core/events.ts';
import {SecretRegistry} from '../../../src/secrets/registry.ts';
import {fakeIo} from '../../cli/fake-io.ts';

const MADE = '11111111-2222-3333-4444-555555555555';
const OLD = '66666666-7777-8888-9999-000000000000';

function done(kind: ActionKind, version: string, image: string): Event {
  return {type: 'action-done', cloud: 'c', action: {kind, definition: 'D', version, reason: 'r'}, image, ms: 1};
}

/** What a command prints on stdout whose run acquires, verifies and publishes one image, and retires or deletes another one. */
async function printed(...argv: readonly string[]): Promise<string> {
  const io = fakeIo();
  await runCommandLine({
    argv,
    io,
    version: '1',
    execute: (invocation) =>
      execute(
        {
          ...invocation,
          load: () =>
            Promise.resolve(async function* (_request, _ports, emit) {
              emit(done('acquire', '2', MADE));
              emit(done('verify', '2', MADE));
              emit(done('publish', '2', MADE));
              for (const kind of ['retire', 'hide', 'deactivate', 'delete', 'remove'] as const)
                emit(done(kind, '1', OLD));
              yield await Promise.resolve({cloud: 'c', counts: countsOf({}), errors: [], changesPending: false});
            }),
        },
        {io, env: {}, secrets: new SecretRegistry()},
      ),
  });
  return io.out();
}

describe('U3: the ids of what is there now', () => {
  it.each([
    ['build', '--upload', '--cloud', 'c'],
    ['build', '--upload', '--cloud', 'c', '-q'],
    ['import', '--cloud', 'c'],
  ])('U3: are printed on stdout by %s %s', async (...argv) => {
    expect(await printed(...argv)).toBe(`${MADE}\n`);
  });

  it.each([
    ['build', '--upload', '--dry-run', '--cloud', 'c'],
    ['build', '--output', 'out'],
    ['manage', '--cloud', 'c'],
  ])('U3: are not the answer of %s %s', async (...argv) => {
    expect(await printed(...argv)).not.toContain(MADE);
  });
});
