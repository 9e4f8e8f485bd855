import type {Command} from '../child.ts';
import {cloudsEnv} from '../place.ts';
import type {Place} from '../place.ts';

/** What every measurement is given. */
export interface Bench {
  readonly place: Place;
  /** The project's root. */
  readonly root: string;
  /** Multiplies how often things are repeated. */
  readonly rounds: number;
  /** Says what is being done. */
  readonly say: (text: string) => void;
}

/** `imgmgr …` as installed, on this Node. */
export function imgmgr({root, place}: Bench, ...args: string[]): Command {
  return {
    argv: [process.execPath, `${root}/dist/bin/imgmgr.js`, ...args],
    env: {...cloudsEnv(place.folder), IMGMGR_LOCAL: `${place.folder}/local`},
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
