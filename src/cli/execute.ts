import type {ExitCode} from './exit-codes.ts';
import type {Invocation} from './invocation.ts';
import type {Env, Io} from './io.ts';

export interface ExecuteParts {
  readonly io: Io;
  readonly env: Env;
}

export async function execute(invocation: Invocation, parts: ExecuteParts): Promise<ExitCode> {
  await Promise.resolve();
  throw new Error(`not wired: ${invocation.command} ${parts.io.now().toISOString()}`);
}
