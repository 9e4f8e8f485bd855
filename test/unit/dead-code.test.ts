import {spawnSync} from 'node:child_process';
import {cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {afterEach, beforeEach, expect, it} from 'vitest';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'imgmgr-dead-code-'));
  cpSync(join(ROOT, 'knip.json'), join(folder, 'knip.json'));
});
afterEach(() => rmSync(folder, {recursive: true, force: true}));

function knip(files: Readonly<Record<string, string>>): {readonly exit: number | null; readonly said: string} {
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), {recursive: true});
    writeFileSync(join(folder, path), text);
  }
  const program = join(ROOT, 'node_modules/knip/bin/knip.js');
  const {status, stdout} = spawnSync(process.execPath, [program, '--no-progress'], {cwd: folder, encoding: 'utf8'});
  return {exit: status, said: stdout};
}

const USED = {
  'package.json': '{"name": "x", "private": true, "type": "module"}',
  'bin/imgmgr.ts': "import {used} from '../src/used.ts';\nused();\n",
  'src/used.ts': 'export function used(): void {}\n',
};

it('lint passes where everything is used', () => {
  expect(knip(USED)).toEqual({exit: 0, said: expect.stringMatching(/^$|^✂️/) as string});
});

it.each([
  ['a file', {'src/dead-file.ts': 'export const x = 1;\n'}, 'src/dead-file.ts'],
  ['an export', {'src/used.ts': 'export function used(): void {}\nexport const deadExport = 1;\n'}, 'deadExport'],
  [
    'a dependency',
    {'package.json': '{"name": "x", "private": true, "type": "module", "dependencies": {"dead-package": "1.0.0"}}'},
    'dead-package',
  ],
])('lint trips over %s that nothing uses', (_, dead, name) => {
  const {exit, said} = knip({...USED, ...dead});
  expect(exit).toBe(1);
  expect(said).toContain(name);
});
