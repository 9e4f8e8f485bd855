import type {Role} from '../contract/session.ts';
import {ROLES} from '../contract/session.ts';
import {fitsGlob} from './glob.ts';

/** Who asks, as it was recognised. */
export interface Identity {
  /** Name of the token, of the user whom the proxy names, or of the local user of a one-time login. */
  readonly user: string;
  readonly role: Role;
  /** A pattern that the names of clouds have to fit, so that they are seen; absent: all are. */
  readonly clouds?: string;
  readonly by: 'cookie' | 'token' | 'proxy';
  /** Milliseconds since the epoch; absent: it does not end by itself. */
  readonly expiresMs?: number;
}

/** True where the role may do what the other one may. */
export function mayAs(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}

/** True where this user sees the cloud. */
export function seesCloud({clouds}: Pick<Identity, 'clouds'>, cloud: string): boolean {
  return clouds === undefined || fitsGlob(clouds, cloud);
}

/** True where this user sees what concerns these clouds: all of them; what concerns none is seen only without a limit. */
export function seesAll(identity: Pick<Identity, 'clouds'>, clouds: readonly string[]): boolean {
  if (identity.clouds === undefined) return true;
  return clouds.length > 0 && clouds.every((cloud) => seesCloud(identity, cloud));
}
