import {readFileSync} from 'node:fs';
import {Command} from 'commander';
import {describe, expect, it} from 'vitest';
import {manPages, text} from '../../../scripts/man.ts';
import {plainProgram} from '../../../scripts/program.ts';
import {EXIT_CODES} from '../../../src/cli/exit-codes.ts';
import {RULE_IDS} from '../../../src/core/rules/ids.ts';

const PACKAGE = JSON.parse(readFileSync(new URL('../../../package.json', import.meta.url), 'utf8')) as {man: string[]};
const PROGRAM = plainProgram();
const PAGES = await manPages(PROGRAM, '2026-01-31');
const escaped = (words: string): string => words.replaceAll('-', '\\-');

describe('the manual pages', () => {
  it('are one for the program and one for each command but help, and package.json names them all', () => {
    const names = PROGRAM.commands.map((command) => command.name()).filter((name) => name !== 'help');
    expect([...PAGES.keys()].sort()).toEqual(['imgmgr.1', ...names.map((name) => `imgmgr-${name}.1`)].sort());
    expect(PACKAGE.man.toSorted()).toEqual([...PAGES.keys()].map((name) => `dist/man/man1/${name}`).sort());
  });

  it('have every flag, argument and example that the help shows', () => {
    for (const command of PROGRAM.commands.filter((each) => each.name() !== 'help')) {
      const page = PAGES.get(`imgmgr-${command.name()}.1`) ?? '';
      for (const {long, hidden} of command.options)
        expect(page.includes(`\\fB${escaped(long ?? '')}\\fR`)).toBe(!hidden);
      for (const argument of command.registeredArguments) expect(page).toContain(`\\fI${argument.name()}\\fR`);
      expect(page).toMatch(/\.SH "EXAMPLES"\n\.nf\n(?: {2}imgmgr .*\n)+\.fi\n/);
    }
  });

  it('have exit codes, variables and rules, each with what it means', () => {
    const page = PAGES.get('imgmgr.1') ?? '';
    for (const {code, meaning} of EXIT_CODES) expect(page).toContain(`.TP\n\\fB${code}\\fR\n${escaped(meaning)}\n`);
    for (const name of ['OS_CLOUD', 'IMGMGR_IMAGES', 'HTTP_PROXY, HTTPS_PROXY, ALL_PROXY, NO_PROXY', 'XDG_STATE_HOME'])
      expect(page).toContain(`.TP\n\\fB${name}\\fR\n`);
    for (const rule of RULE_IDS) expect(page).toContain(`\\fB${escaped(rule)}\\fR\n`);
  });

  it.each([
    ['.begins like a macro', '\\&.begins like a macro'],
    ["'begins like one, too", '\\(aqbegins like one, too'],
    ['a\\fB-b', 'a\\efB\\-b'],
    ['`~^"', '\\(ga\\(ti\\(ha"'],
    ['ü…\u{1F427}', '\\[u00FC]\\[u2026]\\[u1F427]'],
    ['two\n.lines', 'two .lines'],
  ])('show %j as it stands', (line, roff) => {
    expect(text(line)).toBe(roff);
  });

  it('take no text of a command for a macro', async () => {
    const program = new Command('imgmgr').description('d');
    program.command('x').description('.so /etc/passwd').argument('[a"b]', '.de x').option('--flag <.v>', "'de\n.ig");
    const page = (await manPages(program, '2026-01-31')).get('imgmgr-x.1') ?? '';
    expect(page.split('\n').filter((line) => /^[.'](?!SH|TP|TH|SS|BR|nf|fi|nh|ad|\\")/.test(line))).toEqual([]);
  });
});
