import type {Command} from '../child.ts';
import {run} from '../child.ts';

const MIB = 2 ** 20;

/**
 * MiB that a command and all that it started and waited for have read, files and sockets alike: `rchar` of the shell around it, to which
 * the kernel adds what its dead children read (https://man7.org/linux/man-pages/man5/proc_pid_io.5.html). What is mapped is not counted.
 */
export async function readMib(command: Command): Promise<number> {
  const script = '"$@"; code=$?; cat "/proc/$$/io"; exit $code';
  const {output} = await run({...command, argv: ['bash', '-c', script, 'bash', ...command.argv]});
  const bytes = Number(/^rchar: (\d+)$/m.exec(output)?.[1] ?? NaN);
  if (Number.isNaN(bytes)) throw new Error('this kernel does not tell what a process has read');
  return bytes / MIB;
}
