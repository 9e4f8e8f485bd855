import {Command} from 'commander';
import type {Option} from 'commander';
import {describe, expect, it} from 'vitest';
import {showInHelp} from '../../../src/cli/help-layout.ts';
import {buildProgram, runCommandLine} from '../../../src/cli/program.ts';
import {fakeIo} from '../../cli/fake-io.ts';

const PROGRAM = buildProgram({io: fakeIo(), version: '1', execute: () => Promise.resolve()});
/** In no group: `help`, and what no help lists. */
const UNLISTED: ReadonlySet<string> = new Set(['help', 'completion']);
const COMMANDS = PROGRAM.commands.filter((command) => !UNLISTED.has(command.name()));
const OVERRIDES = [
  '--force-state',
  '--delete-in-use',
  '--include-none',
  '--max-delete',
  '--no-verify',
  '--replace',
].sort();

async function help(...argv: string[]): Promise<string> {
  const io = fakeIo();
  expect(await runCommandLine({argv, io, version: '1', execute: () => Promise.resolve(0)})).toBe(0);
  return io.out();
}

/** The flags below a heading; without one: all. */
function flagsIn(text: string, heading?: string): string[] {
  const part = heading === undefined ? text : (text.split(`\n${heading}:\n`)[1]?.split('\n\n')[0] ?? '');
  return [...part.matchAll(/^ {2}(?:-\w, )?(--[a-z-]+)/gm)].map(([, flag = '']) => flag);
}

describe('imgmgr --help', () => {
  it('shows every command in its group, and only groups that have commands', async () => {
    const lines = (await help('--help')).split('\n');
    const groups = lines.flatMap((line) => {
      const [, group, names = ''] = /^ {2}([A-Z][a-z]+(?: [a-z]+)?) {2,}(.*)$/.exec(line) ?? [];
      return group === undefined ? [] : [{group, names: names.split('  ')}];
    });
    const order = ['Every day', 'When wrong', 'Definitions', 'One image', 'Single steps', 'Server'];
    const having = order.filter((group) => COMMANDS.some((command) => command.helpGroup() === `${group}:`));
    expect(groups.map(({group}) => group)).toEqual(having);
    expect(groups.flatMap(({names}) => names).sort()).toEqual(COMMANDS.map((command) => command.name()).sort());
    expect(groups[0]?.names).toEqual(expect.arrayContaining(['manage', 'dry-run']));
  });

  it('shows no flag, and names the topics', async () => {
    const text = await help('--help');
    expect(flagsIn(text)).toEqual([]);
    for (const topic of ['exit-codes', 'environment', 'rules']) expect(text).toContain(`imgmgr help ${topic}`);
  });

  it('is what imgmgr help prints', async () => {
    expect(await help('help')).toBe(await help('--help'));
    expect(await help('help', '--help-all')).toBe(await help('--help-all'));
  });
});

it.each(['narrow', 'wide'])('imgmgr --help shows every command on a %s terminal', async (width) => {
  const io = fakeIo();
  Object.assign(io.stdout, {columns: width === 'narrow' ? 24 : 200});
  await runCommandLine({argv: ['--help'], io, version: '1', execute: () => Promise.resolve(0)});
  for (const command of COMMANDS) expect(io.out()).toMatch(new RegExp(`\\b${command.name()}\\b`));
  if (width === 'narrow') expect(io.out().split('Topics')[0]).not.toMatch(/^(?!Usage).{27,}$/m);
});

describe.each(COMMANDS.map((command) => [command.name(), command] as const))('the help of %s', (name, command) => {
  it('has every flag in a group', () => {
    const without = command.options.filter(({helpGroupHeading = ''}: Option) => helpGroupHeading === '');
    expect(without.map(({flags}) => flags)).toEqual([]);
    expect(command.helpGroup()).not.toBe('');
  });

  it('shows about a dozen flags, of which none is an override', async () => {
    const shown = flagsIn(await help(name, '--help'));
    expect(shown).toEqual(expect.arrayContaining(['--help', '--help-all', '--format']));
    expect(shown.length).toBeLessThanOrEqual(16);
    expect(shown.filter((flag) => OVERRIDES.includes(flag))).toEqual([]);
  });

  it('shows every flag with --help-all, overrides apart', async () => {
    const text = await help(name, '--help-all');
    const visible = command.options.filter(({hidden}) => !hidden);
    const all = [...visible, ...PROGRAM.options].map(({long}) => long ?? '');
    expect(flagsIn(text).sort()).toEqual([...all, '--help'].sort());
    expect(flagsIn(text, 'Overrides (can hurt)').sort()).toEqual(OVERRIDES.filter((flag) => all.includes(flag)));
  });

  it('has the same text as imgmgr help, with and without --help-all', async () => {
    expect(await help('help', name)).toBe(await help(name, '--help'));
    expect(await help('help', name, '--help-all')).toBe(await help(name, '--help-all'));
  });
});

describe('the help of manage', () => {
  it('shows the flags that people use', async () => {
    const flags = ['--cloud', '--images', '--filter', '--latest', '--hide', '--delete', '--yes', '--dry-run', '--jobs'];
    expect(flagsIn(await help('manage', '--help'))).toEqual(expect.arrayContaining(flags));
  });

  it('has the overrides last before the global flags, behind what the peer spells otherwise', async () => {
    const headings = [...(await help('manage', '--help-all')).matchAll(/^([A-Z].*):$/gm)].map(([, heading]) => heading);
    expect(headings.slice(-3)).toEqual([
      'As openstack-image-manager spells it',
      'Overrides (can hurt)',
      'Global Options',
    ]);
  });
});

it('--help-all behind -- is an argument', async () => {
  const io = fakeIo();
  const seen: unknown[] = [];
  const execute = (invocation: {request: unknown}) => {
    seen.push(invocation.request);
    return Promise.resolve(0 as const);
  };
  await runCommandLine({argv: ['validate', '--', '--help-all'], io, version: '1', execute});
  expect(seen).toMatchObject([{paths: ['--help-all']}]);
});

it('a command cannot name a flag for its help that it does not have', () => {
  expect(() => showInHelp(new Command('x').option('--there'), ['--there', '--not'])).toThrow('x has no --not');
});
