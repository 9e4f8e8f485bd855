import {cloudWith, define, openPlace, runAsProcess} from './place.ts';
import {BOOTED, of, version} from './scenarios.ts';

/**
 * One process that ends by itself: a killed one leaves Node nothing of what it compiled, and without that each of the hundreds
 * compiles all of it again.
 */
export default async function warmUp(): Promise<void> {
  const place = await openPlace();
  const cloud = await cloudWith([]);
  try {
    cloud.compute.life = {console: 'server login: '};
    const text = of([version('1')], BOOTED).replaceAll('URL/', `${place.upstream.url}/`);
    const argv = ['manage', '--images', await define(place, 'warm-up.yml', text)];
    const {exitCode, stdout} = await runAsProcess(cloud, argv);
    if (exitCode !== 0) throw new Error(`the first run ended with ${exitCode ?? '?'}: ${stdout.slice(-2000)}`);
  } finally {
    await cloud.close();
    await place.close();
  }
}
