import {readFileSync, readdirSync, readFile as readFileThen, stat as statThen} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {promisify} from 'node:util';
import {expect, it} from 'vitest';
import {buildProgram} from '../../../src/cli/program.ts';
import type {Execute} from '../../../src/cli/invocation.ts';
import {buildAndUpload} from '../../../src/app/build-and-upload.ts';
import {build} from '../../../src/app/build.ts';
import type {DefinitionChoice} from '../../../src/app/requests.ts';
import {requireDefinitions} from '../../../src/config/definitions.ts';
import {onlyEnabled} from '../../../src/core/definition/disabled.ts';
import {filterDefinitions} from '../../../src/core/definition/filter.ts';
import {VERSION} from '../../../src/version.ts';

const ROOT = new URL('../../../', import.meta.url);

/** Every line of an example, as a shell would split it: of the README, the pages of docs, and the help of the commands. */
function examples(): string[] {
  const pages = ['README.md', ...readdirSync(new URL('docs', ROOT)).map((name) => `docs/${name}`)];
  const commands = readdirSync(new URL('src/cli/commands', ROOT)).map((name) => `src/cli/commands/${name}`);
  const text = [...pages.filter((page) => page.endsWith('.md')), ...commands]
    .map((path) => readFileSync(new URL(path, ROOT), 'utf8'))
    .join('\n')
    .replaceAll('\\n', '\n');
  return [...text.matchAll(/^[ ']*(?:Examples?:)?\s*(?:sudo -E )?(?:npx )?(imgmgr [a-z].*)$/gm)].map(([, line = '']) =>
    line.replace(/\s+#.*$/, '').replace(/[',`]+$/, ''),
  );
}

function split(line: string): string[] {
  return [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, word]) => quoted ?? word ?? '');
}

interface Found {
  readonly request: {readonly definitions?: DefinitionChoice};
  readonly verb: unknown;
}

async function parse(line: string): Promise<Found | undefined> {
  let found: Found | undefined;
  const execute: Execute = async (invocation) => {
    found = {request: invocation.request as Found['request'], verb: await invocation.load()};
  };
  const program = buildProgram({io: {stdout: process.stdout}, version: VERSION, execute});
  await program.parseAsync(split(line).slice(1), {from: 'user'});
  return found;
}

const runnable = examples().filter((line) => !/[A-Z]{4,}|…\.\.|<|\|/.test(line.replace(/"[^"]*"/g, '')));

it('U1: there are examples, of every command', () => {
  const commands = new Set(runnable.map((line) => line.split(' ')[1]));
  for (const command of ['manage', 'dry-run', 'build', 'import', 'verify', 'hide', 'delete'])
    expect(commands).toContain(command);
});

it.each(runnable.filter((line) => line.includes('--filter')))(
  'U1: the example %j selects an enabled definition of the catalogue, or says --force',
  async (line) => {
    const found = await parse(line);
    const {images: named = [], filter, force = false} = found?.request.definitions ?? {};
    const io = {readFile: promisify(readFileThen), readdir, stat: promisify(statThen)};
    const paths = (named.length > 0 ? named : ['images']).map((path) => new URL(path, ROOT).pathname);
    const {definitions} = await requireDefinitions(paths, io);
    const chosen = filterDefinitions(definitions, filter);
    const {definitions: active} = onlyEnabled(chosen, force);
    const usable = found?.verb === build || found?.verb === buildAndUpload ? active.filter(({build}) => build) : active;
    expect(usable.length).toBeGreaterThan(0);
  },
);
