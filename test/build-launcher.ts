import {execFileSync} from 'node:child_process';
import {join} from 'node:path';

/** Builds the guest agent and the launcher that confines qemu-img, where they are missing or not of these sources: conversions are tested with it. */
export function setup(): void {
  execFileSync('bash', [join(import.meta.dirname, '..', 'scripts', 'build-agent.sh')], {stdio: 'inherit'});
}
