import {execFileSync} from 'node:child_process';
import {existsSync, readdirSync, statSync} from 'node:fs';
import {join} from 'node:path';

const ROOT = join(import.meta.dirname, '..');

/**
 * Builds what tests start as it is installed, where it is missing or not of these sources: the guest agent, the launcher that confines
 * qemu-img, and the program itself.
 */
export function setup(): void {
  execFileSync('bash', [join(ROOT, 'scripts', 'build-agent.sh')], {stdio: 'inherit'});
  if (isOutdated()) execFileSync(process.execPath, [join(ROOT, 'scripts', 'bundle.ts')], {cwd: ROOT, stdio: 'inherit'});
}

function isOutdated(): boolean {
  const built = join(ROOT, 'dist', '.built');
  if (!existsSync(built)) return true;
  const builtMs = statSync(built).mtimeMs;
  const sources = ['src', 'bin'].flatMap((folder) =>
    readdirSync(join(ROOT, folder), {recursive: true, encoding: 'utf8'}).map((name) => join(ROOT, folder, name)),
  );
  const scripts = ['bundle', 'completions', 'man', 'program'].map((name) => join(ROOT, 'scripts', `${name}.ts`));
  return [...sources, ...scripts].some((path) => statSync(path).mtimeMs > builtMs);
}
