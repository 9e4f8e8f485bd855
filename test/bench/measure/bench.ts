import {statSync} from 'node:fs';
import type {Command} from '../child.ts';
import {cloudsEnv} from '../place.ts';
import type {Place} from '../place.ts';

/** What every measurement is given; those without more need no OpenStack. */
export interface HostBench {
  /** What the bench makes is below it. */
  readonly folder: string;
  /** The project's root. */
  readonly root: string;
  /** Multiplies how often things are repeated. */
  readonly rounds: number;
  /** Says what is being done. */
  readonly say: (text: string) => void;
}

/** What a measurement on the one-node OpenStack is given. */
export interface Bench extends HostBench {
  readonly place: Place;
}

/** `imgmgr …` as installed: the launcher starts the node of the PATH, which is this one; where an older checkout has none, this node. */
export function imgmgr({root, folder}: HostBench, ...args: string[]): Command {
  const program = `${root}/dist/bin/imgmgr.js`;
  const isLauncher = (statSync(program).mode & 0o111) !== 0;
  return {
    argv: [...(isLauncher ? [] : [process.execPath]), program, ...args],
    env: {...cloudsEnv(folder), IMGMGR_LOCAL: `${folder}/local`},
  };
}

/** One of the scripts under floor/, compiled, on this Node. */
export function floor({place}: Bench, script: string, ...args: string[]): Command {
  return {argv: [process.execPath, `${place.folder}/js/test/bench/floor/${script}.js`, ...args], env: place.env};
}

/** openstack-image-manager. */
export function peer({place}: Bench, ...args: string[]): Command {
  return {argv: [`${place.folder}/peer/bin/openstack-image-manager`, ...args], env: cloudsEnv(place.folder)};
}
