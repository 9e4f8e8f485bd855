import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {basename, dirname, join} from 'node:path';

/** How diskimage-builder was called. */
export interface Call {
  readonly cwd: string;
  readonly args: readonly string[];
  /** `NAME=value`, sorted. */
  readonly env: readonly string[];
}

/** A `disk-image-create` that notes how it is called, and then is the real one: for IMGMGR_DIB, and for the call by hand. */
export interface CallRecorder {
  readonly command: string;
  /** The last call. */
  read(): Promise<Call>;
}

/** The real one needs its Python beside it, as a virtual environment and Debian's package have it. */
export async function makeRecorder(folder: string, realCommand: string): Promise<CallRecorder> {
  await mkdir(folder, {recursive: true});
  const [real, note] = [dirname(realCommand), join(folder, 'call')];
  const command = join(folder, basename(realCommand));
  const program = `#!/bin/bash
here='${folder}' real='${real}'
{ printf '%s\\0' "$PWD" "$#" "$@"; cat "/proc/$$/environ"; } >'${note}'
PATH=\${PATH//"$here"/$real}
exec '${realCommand}' "$@"
`;
  await writeFile(command, program, {mode: 0o755});
  await writeFile(join(folder, 'python3'), `#!/bin/bash\nexec '${real}/python3' "$@"\n`, {mode: 0o755});
  return {command, read: async () => parseCall(await readFile(note, 'utf8'))};
}

function parseCall(text: string): Call {
  const [cwd = '', count = '0', ...rest] = text.split('\0');
  const args = rest.slice(0, Number(count));
  const env = rest.slice(args.length).filter((entry) => entry !== '');
  return {cwd, args, env: env.sort()};
}

/** The same call in another work folder. */
export function callIn(folder: string, {cwd, args, env}: Call): Call {
  const moved = (text: string): string => text.replaceAll(cwd, folder);
  return {cwd: folder, args: args.map(moved), env: env.map(moved).sort()};
}
