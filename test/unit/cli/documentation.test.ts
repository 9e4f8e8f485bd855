import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {EVERY_EVENT} from '../report/samples.ts';
import {DROPPED_FLAGS} from '../../../src/cli/dropped-flags.ts';
import {EXIT_CODES} from '../../../src/cli/exit-codes.ts';
import {buildProgram} from '../../../src/cli/program.ts';
import {fakeIo} from '../../cli/fake-io.ts';

const PAGE = readFileSync(new URL('../../../docs/cli.md', import.meta.url), 'utf8');
const PROGRAM = buildProgram({io: fakeIo(), version: '1', execute: () => Promise.resolve()});

describe('docs/cli.md', () => {
  it('names every command, and no other', () => {
    const section = PAGE.slice(PAGE.indexOf('## Commands'), PAGE.indexOf('## Flags'));
    const documented = [...section.matchAll(/^\| `([a-z-]+)/gm)].map(([, name]) => name);
    expect(documented.sort()).toEqual(PROGRAM.commands.map((command) => command.name()).sort());
  });

  it('names every flag of every command, and no other', () => {
    const visible = [PROGRAM, ...PROGRAM.commands].flatMap((command) => command.options.filter(({hidden}) => !hidden));
    const flags = new Set(visible.map(({long}) => long));
    const tables = PAGE.slice(PAGE.indexOf('### What to work on'), PAGE.indexOf('### Flags of'));
    const rows = tables.split('\n').filter((line) => line.startsWith('| `'));
    const documented = rows.flatMap((row) =>
      [...(row.split(' | ')[0] ?? '').matchAll(/--[a-z-]+/g)].map(([flag]) => flag),
    );
    const alias = ['--yes-i-really-know-what-i-do'];
    expect([...new Set([...documented, ...alias])].sort()).toEqual([...flags, '--help'].sort());
  });

  it('names every flag of the peer that is refused', () => {
    for (const flag of Object.keys(DROPPED_FLAGS)) expect(PAGE).toContain(`\`${flag}\``);
  });

  it('names every exit code, and their order', () => {
    for (const {code} of EXIT_CODES) expect(PAGE).toContain(`\n| ${code} | `);
    expect(PAGE).toContain(EXIT_CODES.map(({code}) => code).join(', '));
  });

  it('names every type of JSON line', () => {
    for (const {type} of EVERY_EVENT) expect(PAGE).toContain(`\n| \`${type}\` | `);
  });
});
