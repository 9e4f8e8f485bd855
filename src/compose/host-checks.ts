import {constants} from 'node:fs';
import {access, readdir} from 'node:fs/promises';
import {dirname} from 'node:path';
import {localDir, stateDir, workDir} from '../config/settings.ts';
import type {Diagnosis} from '../core/doctor.ts';
import {doubtful, failure, sizeText, well} from '../core/doctor.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {findConfinement} from '../host/confine.ts';
import {freeBytes} from '../host/free-bytes.ts';
import {exists} from '../host/look.ts';
import {requireOwnFolder, requireTrustedOwner, UntrustedFolderError} from '../host/trusted-folder.ts';
import type {Check} from '../ports/doctor.ts';
import {VERSION} from '../version.ts';
import type {Caller} from './context-parts.ts';
import {agentsOf, CHECKOUT_DIB} from './files.ts';

/** Everything about this host, tool by tool and folder by folder; nothing is made but a folder for the look at KVM, which goes again. */
export async function hostChecks(
  caller: Caller,
  {exec, now}: {readonly exec: Exec; readonly now: () => Date},
): Promise<readonly Check[]> {
  const {env, home, uid} = caller;
  const [{qemuChecks}, {sourceChecks}, {buildChecks}, {historyChecks}] = await Promise.all([
    import('../local/doctor.ts'),
    import('../sources/doctor.ts'),
    import('../build/doctor.ts'),
    import('../history/doctor.ts'),
  ]);
  const state = stateDir(env, home, uid);
  const work = workDir(env, caller);
  return [
    {id: 'program', look: () => Promise.resolve(well(`imgmgr ${VERSION}, Node.js ${process.version}`))},
    {id: 'state', look: () => folder(state, {...STATE, trust: requireTrustedOwner})},
    {id: 'work', look: () => folder(work, {...WORK, trust: requireOwnFolder})},
    {id: 'local', look: () => folder(localDir(env, caller), {...LOCAL, trust: requireTrustedOwner})},
    ...historyChecks({folder: state, now}),
    {id: 'agents', look: () => agents(agentsOf(caller))},
    ...sourceChecks(exec),
    {id: 'confinement', look: () => confinement(exec)},
    ...qemuChecks({exec}),
    ...buildChecks({exec, env, workRoot: work, checkoutDib: CHECKOUT_DIB}),
  ];
}

interface FolderUse {
  /** What it is for, as the end of a sentence. */
  readonly use: string;
  readonly variable: string;
  /** With less, something is likely to fail. */
  readonly leastBytes: number;
  /** Throws UntrustedFolderError for a folder that others could exchange. */
  readonly trust: (path: string) => Promise<void>;
}

const GIB = 1024 ** 3;
const STATE = {use: 'evidence, logs, builds and the history', variable: 'XDG_STATE_HOME', leastBytes: GIB / 4};
const WORK = {use: 'builds and conversions', variable: 'IMGMGR_BUILD_DIR', leastBytes: 5 * GIB};
const LOCAL = {use: 'the cloud "local"', variable: 'IMGMGR_LOCAL', leastBytes: 2 * GIB};

async function folder(path: string, {use, variable, leastBytes, trust}: FolderUse): Promise<Diagnosis> {
  let there = path;
  while (!(await exists(there)) && there !== dirname(there)) there = dirname(there);
  try {
    if (there === path || trust === requireOwnFolder) await trust(there);
  } catch (error) {
    if (!(error instanceof UntrustedFolderError)) throw error;
    return failure(new ImgmgrError('CONFIG', error.message, {hint: `name another folder for ${use} with ${variable}`}));
  }
  const name = `${path} (${use})`;
  try {
    await access(there, constants.W_OK | constants.X_OK);
  } catch {
    return doubtful(`${name} may not be written by this user`, {
      reason: `${use} have no place`,
      remedy: `give this user the right to ${there}, or name another folder with ${variable}`,
    });
  }
  const free = await freeBytes(there);
  const fact = `${name}: ${sizeText(free)} free${there === path ? '' : '; it is made when it is needed'}`;
  if (free >= leastBytes) return well(fact);
  return doubtful(fact, {
    reason: `less than ${sizeText(leastBytes)} is soon used up`,
    remedy: `make room, or name another folder with ${variable}`,
  });
}

async function agents(path: string): Promise<Diagnosis> {
  const names = await readdir(path).catch((): string[] => []);
  const found = names.flatMap((name) => /^imgmgr-agent-([a-z0-9_]+)$/.exec(name)?.[1] ?? []);
  if (found.length > 0) return well(`guest agents for ${found.sort().join(', ')} are in ${path}`);
  return doubtful(`there is no guest agent in ${path}`, {
    reason: 'images that bring none cannot be tested',
    remedy: 'install the npm package, run "npm run build", or name their folder with IMGMGR_AGENTS',
  });
}

async function confinement(exec: Exec): Promise<Diagnosis> {
  const {kind} = await findConfinement((command, args) => exec.run(command, args, {timeoutMs: 10_000}));
  if (kind !== 'none')
    return well(`tools that read images are confined with ${kind === 'landlock' ? 'Landlock' : kind}`);
  return doubtful('nothing on this host confines the tools that read images', {
    reason: 'VMDK, VDI, VHD and VHDX are refused',
    remedy: 'use a kernel with Landlock (5.13 or newer), or install bubblewrap',
  });
}
