import {mkdtemp, readdir, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {execa} from 'execa';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';

const ROOT = new URL('../..', import.meta.url).pathname;
const MANPATH = join(ROOT, 'dist/man');
const PAGES = join(MANPATH, 'man1');

let folder = '';
let pages: readonly string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-man-'));
  pages = (await readdir(PAGES)).map((name) => join(PAGES, name));
  expect(pages.length).toBeGreaterThan(10);
});
afterAll(() => rm(folder, {recursive: true, force: true}));

/** A page as man-db prints it. */
async function man(...args: readonly string[]): Promise<string> {
  const {stdout, stderr} = await execa('man', ['--warnings', ...args], {
    env: {MANPATH, MANWIDTH: '100', MANROFFOPT: '', LC_ALL: 'C.UTF-8', MAN_KEEP_FORMATTING: ''},
  });
  expect(stderr).toBe('');
  return stdout;
}

describe('the manual pages', () => {
  it('have nothing that mandoc warns of, and a page with a mistake has', async () => {
    const lint = async (files: readonly string[]) =>
      execa('mandoc', ['-Tlint', '-Wwarning', ...files], {reject: false});
    expect(await lint(pages)).toMatchObject({exitCode: 0, stdout: ''});
    const wrong = join(folder, 'wrong.1');
    await writeFile(wrong, '.TH X 1 2026-01-31\n.SH NAME\nx \\- y\n.XX\n');
    expect((await lint([wrong])).exitCode).not.toBe(0);
  });

  it('are found by their names and first lines', async () => {
    const {stdout} = await execa('lexgrog', pages);
    const lines = stdout.split('\n');
    expect(lines).toHaveLength(pages.length);
    for (const line of lines) expect(line).toMatch(/: "imgmgr(-[a-z-]+)? - .{20,}"$/);
  });

  it('are printed by man without a warning, with flags that can be copied', async () => {
    for (const page of pages) expect(await man(page)).toContain('EXIT STATUS');
    const manage = await man('imgmgr-manage');
    expect(manage).toContain('--retire-as way\n');
    expect(manage).toMatch(/^ +imgmgr manage --cloud admin --latest --filter AlmaLinux$/m);
    const main = await man('imgmgr');
    expect(main).toMatch(/^ +75 +temporary \(quota/m);
    expect(main).toMatch(/^ +XDG_STATE_HOME\n +evidence, logs/m);
  });
});
