// Makes dist/ from bin/ and src/: one file for each part that is loaded on its own, libraries included. Node needs several
// hundred milliseconds for the 600 files that these are made of, and imgmgr is a command that should answer at once.
// Types are not looked at: `npm run types` does.
import {chmod, copyFile, mkdir, readFile, readdir, rm, writeFile} from 'node:fs/promises';
import {dirname, join} from 'node:path';
import {rolldown} from 'rolldown';
import {transform} from 'rolldown/utils';
import {writeCompletions} from './completions.ts';
import {writeManPages} from './man.ts';

/** How the ids of modules begin that {@link loadPlainBuiltin} makes. */
const PLAIN = '\0plain:';
/** What takes the place of axios' second way to send, which is not used and loads node's second HTTP client as well. */
const NO_FETCH = '\0no-fetch';
const COSTLY: ReadonlySet<string> = new Set(['http', 'process']);

const bundle = await rolldown({
  input: {'bin/imgmgr': 'bin/imgmgr.ts'},
  platform: 'node',
  logLevel: 'warn',
  plugins: [{name: 'plain-builtins', resolveId: plainBuiltin, load: loadPlainBuiltin, transform: withoutFormData}],
});
// dist/agent, which takes a Go compiler, is left alone.
for (const part of ['bin', 'part', 'pages', 'completions', 'man', 'LICENSES.txt', '.built'])
  await rm(`dist/${part}`, {recursive: true, force: true});
const {output} = await bundle.write({
  dir: 'dist',
  format: 'esm',
  sourcemap: true,
  chunkFileNames: 'part/[name]-[hash].js',
});
await bundle.close();
await makeLauncher('dist/bin/imgmgr.js');
await writePages('src/server/pages', 'dist/pages');
await writeCompletions('dist/completions');
await writeManPages('dist/man');
await writeLicenses(output.flatMap((part) => (part.type === 'chunk' ? part.moduleIds : [])));
await writeFile('dist/.built', `${output.length}\n`);

/**
 * Modules of node of which `import` costs much: it reads every export, and some are made when they are read. Of http that is WebSocket, which
 * loads a second HTTP client (60 ms), of process stdin (15 ms).
 */
function plainBuiltin(id: string, importer: string | undefined, {kind}: {readonly kind: string}): string | undefined {
  if (id === './fetch.js' && importer?.endsWith('/axios/lib/adapters/adapters.js') === true) return NO_FETCH;
  const name = id.replace(/^node:/, '');
  return kind === 'import-statement' && COSTLY.has(name) ? PLAIN + name : undefined;
}

/** axios asks for the class of forms when it is loaded, which is a part of that second client; imgmgr sends none. */
function withoutFormData(code: string, id: string): {readonly code: string; readonly map: null} | undefined {
  if (!id.endsWith('/axios/lib/utils.js')) return undefined;
  const asked = "typeof G.FormData !== 'undefined' ? G.FormData : undefined";
  if (!code.includes(asked)) throw new Error(`${id} does not ask for FormData as expected`);
  // As long as before, for the source map.
  return {code: code.replace(asked, 'undefined'.padEnd(asked.length)), map: null};
}

/** The same module without the exports that are made when they are read. */
function loadPlainBuiltin(id: string): string | undefined {
  if (id === NO_FETCH) return 'export const getFetch = () => undefined; export default undefined;';
  if (!id.startsWith(PLAIN)) return undefined;
  const name = `node:${id.slice(PLAIN.length)}`;
  const exported = Object.entries(Object.getOwnPropertyDescriptors(process.getBuiltinModule(name)))
    .filter(([key, descriptor]) => 'value' in descriptor && /^[A-Za-z]\w*$/.test(key) && key !== 'default')
    .map(([key]) => key);
  return `const builtin = process.getBuiltinModule('${name}');
export default builtin;
export const {${exported.join(', ')}} = builtin;
`;
}

/**
 * Lets the entry start node with a flag: the shell runs the second line, which is a string and a comment to node. With at most 2 MiB for
 * new objects V8 looks for garbage often enough that an upload takes some 115 MiB; by default chunks that were sent pile up to 175 MiB.
 * The verbs that read lists get 4 MiB, which saves them a fifth of their time; with 8 they would take more than 150 MiB.
 * `#!/usr/bin/env -S node FLAG` would do, but not with the env of busybox.
 */
async function makeLauncher(path: string): Promise<void> {
  const text = await readFile(path, 'utf8');
  // As many lines as before, for the source map.
  const begin = '#!/usr/bin/env node\n// bin/imgmgr.ts\n';
  if (!text.startsWith(begin)) throw new Error(`${path} does not begin as expected: ${text.slice(0, 80)}`);
  const start = (mib: number, more = ''): string => `exec node --max-semi-space-size=${mib}${more} "$0" "$@"`;
  // They read long lists and never the bytes of an image.
  const readingVerbs = 'dry-run|history|show|status|validate';
  // It stays for weeks: its heap grows by a third from one collection to the next, and it collects when nobody asks (src/server/memory.ts).
  const serving = start(2, ' --heap-growing-percent=33 --expose-gc');
  const launch = `#!/bin/sh\n':' //; case $1 in ${readingVerbs}) ${start(4)};; serve) ${serving};; esac; ${start(2)}\n`;
  await writeFile(path, launch + text.slice(begin.length));
  await chmod(path, 0o755);
}

/** The pages of `imgmgr serve`: each module without its types, under its own name, so that a browser shows what it runs; the rest as it is. */
async function writePages(from: string, to: string): Promise<void> {
  const files = (await readdir(from, {recursive: true, withFileTypes: true})).filter((entry) => entry.isFile());
  await Promise.all(
    files.map(async ({parentPath, name}) => {
      const path = join(parentPath, name);
      const target = join(to, path.slice(from.length));
      if (name === 'tsconfig.json') return;
      await mkdir(dirname(target), {recursive: true});
      if (name.endsWith('.ts')) await writeModule(path, target.replace(/\.ts$/, '.js'));
      else await copyFile(path, target);
    }),
  );
}

async function writeModule(path: string, target: string): Promise<void> {
  const {code, errors} = await transform(path, await readFile(path, 'utf8'), {
    target: 'es2023',
    typescript: {rewriteImportExtensions: 'rewrite', onlyRemoveTypeImports: true},
  });
  if (errors.length > 0) throw new Error(`${path}: ${errors.map(({message}) => message).join('; ')}`);
  // Some hold types alone.
  if (code.trim() !== 'export {};') await writeFile(target, code);
}

/** The licenses of the packages in the bundle, which ask to go where their code goes. */
async function writeLicenses(modules: readonly string[]): Promise<void> {
  const folders = modules.flatMap((path) => /^.*\/node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path) ?? []);
  const texts = await Promise.all(
    [...new Set(folders)].sort().map(async (folder) => {
      const {name, version, license} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as Manifest;
      if (name === undefined || version === undefined || license === undefined)
        throw new Error(`${folder}/package.json lacks its name, version or license`);
      const file = (await readdir(folder)).find((entry) => /^licen[cs]e/i.test(entry));
      const text =
        file === undefined ? 'Its package has no text of the license.' : await readFile(join(folder, file), 'utf8');
      return `${name} ${version}: ${license}\n\n${text.trim()}\n`;
    }),
  );
  await writeFile('dist/LICENSES.txt', texts.join(`\n${'-'.repeat(80)}\n\n`));
}

interface Manifest {
  readonly name?: string;
  readonly version?: string;
  readonly license?: string;
}
