import {RealCompute} from './compute.ts';
import {GLANCES, RealGlance} from './glance.ts';

/**
 * Before the suite: removes what an earlier run of it left because it was cut off (power, SIGKILL) before its own clean-up.
 * Images that a run of imgmgr would take for its own, test servers, ports.
 */
export async function setup(): Promise<void> {
  for (const user of ['admin', 'demo'] as const) {
    await (await RealCompute.login(user)).clear();
    for (const {url} of GLANCES) await (await RealGlance.login(url, user)).clearOurs();
  }
}
