import {execFileSync} from 'node:child_process';
import {mkdir, mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {buildProgram} from '../../../src/cli/program.ts';
import {run} from '../../../src/run.ts';
import {fakeIo} from '../../cli/fake-io.ts';
import {listed, yaml} from '../../cli/operator.ts';

const PROGRAM = buildProgram({io: fakeIo(), version: '1', execute: () => Promise.resolve()});
const COMMANDS = PROGRAM.commands.filter((command) => command.name() !== 'completion');

let home = '';
beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'imgmgr-names-'));
});
afterAll(() => rm(home, {recursive: true, force: true}));

async function imgmgr(...argv: readonly string[]) {
  const io = fakeIo();
  const env = {
    ...{HOME: home, XDG_CONFIG_HOME: join(home, 'config')},
    ...{OS_CLIENT_CONFIG_FILE: join(home, 'clouds.yaml'), IMGMGR_IMAGES: join(home, 'images.yml')},
  };
  const code = await run(argv, io, env);
  return {code, out: io.out(), err: io.err()};
}

describe.each(['bash', 'zsh', 'fish'])('the script for %s', (shell) => {
  it('has every command and every flag, and nothing that no help shows', async () => {
    const {code, out, err} = await imgmgr('completion', shell);
    expect([code, err]).toEqual([0, '']);
    const named = (flag: string): string => (shell === 'fish' ? `-l ${flag.slice(2)} ` : flag);
    for (const command of COMMANDS) expect(out).toMatch(new RegExp(`\\b${command.name()}\\b`));
    const options = [PROGRAM, ...COMMANDS].flatMap((command) => command.options);
    for (const {long, hidden} of options) if (!hidden) expect(out).toContain(named(long ?? ''));
    const shown = new Set(options.flatMap(({long, hidden}) => (hidden ? [] : [long])));
    for (const {long, hidden} of options)
      if (hidden && !shown.has(long)) expect(out.split(/[\s"'=[]+/)).not.toContain(named(long ?? '').trim());
  });
});

it('the script for bash is one that bash reads', async () => {
  const {out} = await imgmgr('completion', 'bash');
  expect(execFileSync('bash', ['-n'], {input: out, encoding: 'utf8'})).toBe('');
});

describe('imgmgr completion', () => {
  it('is in no help, and names the shells where none is given', async () => {
    expect((await imgmgr('--help-all')).out).not.toContain('completion');
    const {code, err} = await imgmgr('completion');
    expect([code, err]).toEqual([2, expect.stringContaining('bash, zsh, fish')]);
    expect((await imgmgr('completion', 'tcsh')).code).toBe(2);
  });

  it('--names clouds gives the names of clouds.yaml alone, no secret of it', async () => {
    await writeFile(
      join(home, 'clouds.yaml'),
      'clouds:\n  b: {auth: {username: u, password: s3cret}}\n  a b: 7\n  "-x": {}\n  "n\\nl": {}\n  local: {}\n',
    );
    expect(await imgmgr('completion', '--names', 'clouds')).toEqual({code: 0, out: 'b\na b\nlocal\n', err: ''});
  });

  it('--names definitions gives the names of definitions, of --images where that is given, and in spite of mistakes in others', async () => {
    const file = join(home, 'images.yml');
    const good = yaml([listed('1', 'https://mirror.example/1')], {name: '"A $(b) \'c\'"'});
    await writeFile(file, `${good}\n  - name: broken\n    format: 7\n`);
    expect(await imgmgr('completion', '--names', 'definitions')).toEqual({code: 0, out: "A $(b) 'c'\n", err: ''});
    const other = join(home, 'other.yml');
    await writeFile(other, yaml([listed('1', 'https://mirror.example/1')], {name: 'Other'}));
    expect((await imgmgr('completion', '--names', 'definitions', '--images', other)).out).toBe('Other\n');
  });

  it('--names definitions knows the settings', async () => {
    const other = join(home, 'other.yml');
    await mkdir(join(home, 'config/imgmgr'), {recursive: true});
    await writeFile(join(home, 'config/imgmgr/imgmgr.yml'), `images: ${other}\n`);
    const io = fakeIo();
    expect(
      await run(['completion', '--names', 'definitions'], io, {HOME: home, XDG_CONFIG_HOME: join(home, 'config')}),
    ).toBe(0);
    expect(io.out()).toBe('Other\n');
  });

  it.each([
    ['clouds', 'clouds.yaml', 'clouds: ['],
    ['definitions', 'images.yml', 'images: ['],
    ['definitions', 'config/imgmgr/imgmgr.yml', 'unknown: 1'],
  ])('--names %s says nothing where %s is broken, exit 0', async (kind, file, text) => {
    await writeFile(join(home, file), text);
    expect(await imgmgr('completion', '--names', kind)).toEqual({code: 0, out: '', err: ''});
  });
});
