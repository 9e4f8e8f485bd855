import type {Command} from 'commander';
import {buildProgram} from '../src/cli/program.ts';
import {VERSION} from '../src/version.ts';

/** The tree of commands, for what is made from it; it prints and does nothing. */
export function plainProgram(): Command {
  return buildProgram({io: {stdout: process.stdout}, version: VERSION, execute: () => Promise.resolve()});
}
