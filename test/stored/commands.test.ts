import {readdirSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {run} from '../../src/run.ts';
import {fakeIo} from '../cli/fake-io.ts';
import {fixture} from './fixture.ts';

const COMMANDS = readdirSync(new URL('../fixtures/1098701/help', import.meta.url))
  .map((name) => name.replace('.txt', ''))
  .filter((name) => !['imgmgr', 'exit-codes', 'environment'].includes(name));

async function ours(...argv: readonly string[]): Promise<string> {
  const io = fakeIo();
  expect(await run(argv, io, {HOME: '/nonexistent'})).toBe(0);
  return io.out();
}

/** Flags with what they take: `--cloud <name>`. */
function flagsIn(help: string): readonly string[] {
  return [...help.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+(?: [<[][a-z:.-]+[>\]])?)/gm)].map(([, flag = '']) => flag);
}

/** What a flag is called, whatever it takes. */
const nameOf = (flag: string): string => flag.split(' ')[0] ?? '';

describe('what commit 1098701 understood', () => {
  it('every command is still there', async () => {
    const theirs = [...fixture('help/imgmgr.txt').matchAll(/^ {2}([a-z-]+) \[/gm)].map(([, name]) => name);
    expect(theirs).toEqual(expect.arrayContaining(COMMANDS));
    const help = await ours('--help-all');
    const now = [...help.matchAll(/^ {2}([a-z-]+) \[/gm)].map(([, name]) => name);
    expect(now).toEqual(expect.arrayContaining(theirs));
  });

  it.each(COMMANDS)('every flag of %s is still there, and takes a value where it did', async (command) => {
    const theirs = flagsIn(fixture(`help/${command}.txt`));
    expect(theirs.length).toBeGreaterThan(5);
    const now = flagsIn(await ours(command, '--help-all'));
    expect(now.map(nameOf)).toEqual(expect.arrayContaining(theirs.map(nameOf)));
    // In the brackets of one that may go without, too.
    const takes = (flags: readonly string[]): string[] => flags.filter((flag) => /[<[]/.test(flag)).map(nameOf);
    const both = theirs.map(nameOf);
    expect(
      takes(now)
        .filter((name) => both.includes(name))
        .sort(),
    ).toEqual(takes(theirs).sort());
  });

  it('every global flag is still there', async () => {
    const theirs = flagsIn(fixture('help/imgmgr.txt'));
    expect(flagsIn(await ours('--help-all'))).toEqual(expect.arrayContaining([...theirs]));
  });

  it('every variable of the environment is still read', async () => {
    const names = (text: string): string[] => [...text.matchAll(/\b[A-Z][A-Z_]+[A-Z]\b/g)].map(([name]) => name);
    const theirs = names(fixture('help/environment.txt'));
    expect(theirs).toContain('IMGMGR_LOCAL');
    expect(names(await ours('help', 'environment'))).toEqual(expect.arrayContaining(theirs));
  });

  it('every exit code is still there, and of several the same one wins', async () => {
    const codes = (text: string): string[] => [...text.matchAll(/^ +(\d+) /gm)].map(([, code = '']) => code);
    const order = (text: string): string | undefined => /^Several at once: .*$/m.exec(text)?.[0];
    const theirs = fixture('help/exit-codes.txt');
    const now = await ours('help', 'exit-codes');
    expect(codes(now)).toEqual(codes(theirs));
    expect([order(now), order(theirs)]).toEqual([order(theirs), expect.stringContaining('130, 143, 2')]);
  });
});
