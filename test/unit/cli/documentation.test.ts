import {readFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {EVERY_EVENT} from '../report/samples.ts';
import {DROPPED_FLAGS} from '../../../src/cli/dropped-flags.ts';
import {EXIT_CODES} from '../../../src/cli/exit-codes.ts';
import {DEFAULT_IMPORT_TIMEOUT_MS} from '../../../src/app/run-options.ts';
import {DEFAULT_DEADLINE_MS, DEFAULT_JOBS, DEFAULT_KEEP_HISTORY_MS, toBuilds} from '../../../src/cli/options.ts';
import {buildProgram, runCommandLine} from '../../../src/cli/program.ts';
import {DEFAULT_POLICY} from '../../../src/core/policy.ts';
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

  it('says in the heading of each group of flags which commands have them', () => {
    const texts = PAGE.slice(PAGE.indexOf('### What to work on'), PAGE.indexOf('### Output')).split(/^### /m);
    const groups = texts.slice(1).map((text) => {
      const [heading = '', ...lines] = text.split('\n');
      const rows = lines.filter((line) => line.startsWith('| `'));
      return {
        heading,
        flags: rows.flatMap((row) => [...(row.split(' | ')[0] ?? '').matchAll(/--[a-z-]+/g)].map(([flag]) => flag)),
        named: PROGRAM.commands
          .map((command) => command.name())
          .filter((name) => new RegExp(`\`${name}[\` ]`).test(heading)),
      };
    });
    // One spelling can be two flags, as --all of status and of hold: then each group names its own commands.
    const others = (flag: string, heading: string): string[] =>
      groups.flatMap((group) => (group.heading !== heading && group.flags.includes(flag) ? group.named : []));
    for (const {heading, flags, named} of groups) {
      const having = PROGRAM.commands.filter(({options}) =>
        options.some(({long, hidden}) => !hidden && flags.includes(long ?? '')),
      );
      const needed = PROGRAM.commands.filter((command) =>
        command.options.some(
          ({long, hidden}) =>
            !hidden && flags.includes(long ?? '') && !others(long ?? '', heading).includes(command.name()),
        ),
      );
      const namesOf = (commands: readonly {name(): string}[]): string[] => commands.map((command) => command.name());
      expect([heading, namesOf(needed).filter((name) => !named.includes(name))]).toEqual([heading, []]);
      expect([heading, named.filter((name) => !namesOf(having).includes(name))]).toEqual([heading, []]);
    }
  });

  it.each([
    ['--jobs', `(${DEFAULT_JOBS})`],
    ['--import-timeout', `(${DEFAULT_IMPORT_TIMEOUT_MS / 1000})`],
    ['--stuck-retry', '(0)'],
    ['--deadline', `(${DEFAULT_DEADLINE_MS / 60_000}m)`],
    ['--quarantine', `(${DEFAULT_POLICY.quarantine})`],
    ['--max-delete', `(${DEFAULT_POLICY.maxDelete})`],
    ['--keep-artifacts', `(${toBuilds({}).keepArtifacts};`],
    ['--keep-logs', `(${toBuilds({}).keepLogs})`],
    ['--cache-size', `(${toBuilds({}).cacheGib})`],
    ['--keep-history', `; ${DEFAULT_KEEP_HISTORY_MS / 86_400_000}d)`],
  ])('tells the default of %s: %s', (flag, value) => {
    expect(PAGE.split('\n').find((line) => line.startsWith(`| \`${flag} `))).toContain(value);
  });

  it('names every variable of our own that is read, as the help does', async () => {
    const sources = ['config/settings.ts', 'build/tool.ts', 'build/work-folder.ts'].map((file) =>
      readFileSync(new URL(`../../../src/${file}`, import.meta.url), 'utf8'),
    );
    const read = new Set(sources.flatMap((text) => [...text.matchAll(/'(IMGMGR_[A-Z_]+)'/g)].map(([, name]) => name)));
    expect(read.size).toBeGreaterThan(5);
    const section = PAGE.slice(PAGE.indexOf('## Environment'), PAGE.indexOf('## Exit codes'));
    const io = fakeIo();
    await runCommandLine({argv: ['help', 'environment'], io, version: '1', execute: () => Promise.resolve(0)});
    for (const name of read) {
      expect(section).toContain(`\`${name}\``);
      expect(io.out()).toContain(name);
    }
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
