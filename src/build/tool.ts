import {readFile, realpath, stat} from 'node:fs/promises';
import {basename, delimiter, dirname, isAbsolute, join, resolve} from 'node:path';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {isProgram} from '../host/look.ts';

/** diskimage-builder, as it is installed on this host. */
export interface DibTool {
  /** Absolute path of disk-image-create. */
  readonly command: string;
  readonly version: string;
  /** Absolute path of the folder with its own elements. */
  readonly elements: string;
}

const COMMAND = 'disk-image-create';
const HINT =
  'Debian: apt install python3-diskimage-builder; or pinned: python3 -m venv DIR && ' +
  'DIR/bin/pip install diskimage-builder==3.43.0 setuptools, then set IMGMGR_DIB=DIR';

/** Asked of the Python that runs it. The imports are what it needs itself, so that half an installation shows here. */
const QUESTION = `
import importlib.metadata, json
import diskimage_builder.paths, diskimage_builder.version
print(json.dumps({"version": importlib.metadata.version("diskimage-builder"),
                  "elements": diskimage_builder.paths.get_path("elements")}))
`;

/**
 * Finds diskimage-builder by IMGMGR_DIB (the command, or a virtual environment), else on the PATH, else where `scripts/setup-dib.sh` puts
 * it. UNSUPPORTED where there is none that works.
 */
export async function findDib({
  exec,
  env,
  checkoutDib,
}: {
  readonly exec: Exec;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The virtual environment of a checkout; absent or not there: none. */
  readonly checkoutDib?: string;
}): Promise<DibTool> {
  const named = env['IMGMGR_DIB'];
  const command =
    named === undefined || named === '' ? await onPath(env['PATH'] ?? '', checkoutDib) : await byName(named);
  const python = await pythonOf(command);
  // Not from where we stand: Python would import what lies there.
  const {exitCode, stdout, stderr} = await exec.run(python, ['-c', QUESTION], {cwd: '/', timeoutMs: 60_000});
  const answer = exitCode === 0 ? readAnswer(stdout) : undefined;
  if (answer !== undefined) return {command, ...answer};
  const reason = stderr.trim().split('\n').at(-1) ?? '';
  throw new ImgmgrError('UNSUPPORTED', `diskimage-builder of ${command} does not work: ${reason || 'no answer'}`, {
    hint: `install it anew (${HINT})`,
  });
}

async function byName(named: string): Promise<string> {
  const path = resolve(named);
  const isFolder = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  const command = isFolder ? join(path, 'bin', COMMAND) : path;
  if (await isProgram(command)) return command;
  throw new ImgmgrError('UNSUPPORTED', `IMGMGR_DIB is '${named}', but ${command} is no program`, {hint: HINT});
}

async function onPath(path: string, checkoutDib: string | undefined): Promise<string> {
  const last = checkoutDib === undefined ? [] : [join(checkoutDib, 'bin')];
  for (const folder of [...path.split(delimiter), ...last]) {
    const command = join(folder, COMMAND);
    if (isAbsolute(folder) && (await isProgram(command))) return command;
  }
  throw new ImgmgrError('UNSUPPORTED', 'diskimage-builder is not installed', {hint: HINT});
}

/** The interpreter that its first line names; the Python beside it where it is a wrapper in another language. */
async function pythonOf(command: string): Promise<string> {
  const real = await realpath(command);
  const [first = '', second = ''] = (await readFile(real, 'latin1')).split('\n', 2);
  // pip writes the second form where the path is too long for a first line, or has blanks.
  const words = (/^'''exec' "?([^"]+?)"? "\$0"/.exec(second)?.[1] ?? first.replace(/^#!\s*/, '')).trim();
  const direct = /^\S*python[\d.]*$/.exec(basename(words))
    ? words
    : words.split(/\s+/).find((word) => /python[\d.]*$/.test(word));
  return direct ?? join(dirname(real), 'python3');
}

function readAnswer(text: string): Pick<DibTool, 'version' | 'elements'> | undefined {
  try {
    const {version, elements} = JSON.parse(text) as {version?: unknown; elements?: unknown};
    return typeof version === 'string' && typeof elements === 'string' ? {version, elements} : undefined;
  } catch {
    return undefined;
  }
}
