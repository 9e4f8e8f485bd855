import {hindrance} from './host.ts';

/** Says once why nothing is tested. */
export default function setup(): void {
  const reason = hindrance();
  if (reason !== undefined) process.stderr.write(`the tests of builds are skipped: ${reason}\n`);
}
