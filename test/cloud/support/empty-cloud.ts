import {RealCompute} from './compute.ts';
import {GLANCES, RealGlance} from './glance.ts';
import type {User} from './login.ts';

/** Before the suite. */
export async function setup(): Promise<void> {
  await emptyCloud(['admin', 'demo']);
}

/**
 * Removes what an earlier run of the suite left in the projects of these users because it was cut off (power, SIGKILL) before its
 * own clean-up: images that a run of imgmgr would take for its own, test servers, ports.
 */
export async function emptyCloud(users: readonly User[]): Promise<void> {
  for (const user of users) {
    await (await RealCompute.login(user)).clear();
    for (const {url} of GLANCES) await (await RealGlance.login(url, user)).clearOurs();
  }
}
