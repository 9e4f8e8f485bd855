import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {readdir} from 'node:fs/promises';
import {join} from 'node:path';
import {pipeline} from 'node:stream/promises';
import {ImgmgrError} from '../errors.ts';

/** An agent that is handed out. */
export interface AgentFile {
  readonly path: string;
  /** Hexadecimal. */
  readonly sha256: string;
  /** Bytes. */
  readonly size: number;
}

const FILE = /^imgmgr-agent-([a-z0-9_]{1,32})$/;

/** The files `imgmgr-agent-MACHINE` of a folder, by machine. CONFIG when there is none, or one cannot be read. */
export async function findAgents(folder: string): Promise<ReadonlyMap<string, AgentFile>> {
  const hint = 'make them with npm run build, or name their folder';
  try {
    const names = await readdir(folder);
    const found = new Map<string, AgentFile>();
    for (const name of names.sort()) {
      const machine = FILE.exec(name)?.[1];
      if (machine !== undefined) found.set(machine, await readAgent(join(folder, name)));
    }
    if (found.size > 0) return found;
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code ?? String(cause);
    throw new ImgmgrError('CONFIG', `the agents in ${folder} cannot be read (${code})`, {hint, cause});
  }
  throw new ImgmgrError('CONFIG', `no agent is in ${folder}`, {hint});
}

async function readAgent(path: string): Promise<AgentFile> {
  const hash = createHash('sha256');
  let size = 0;
  await pipeline(createReadStream(path), async (chunks: AsyncIterable<Buffer>) => {
    for await (const chunk of chunks) {
      hash.update(chunk);
      size += chunk.length;
    }
  });
  return {path, size, sha256: hash.digest('hex')};
}
