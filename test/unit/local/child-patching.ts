/**
 * A process that sets argv[5] properties, one patch each, named argv[4] and a number, on the image argv[3] of the store
 * argv[2], and prints each once it is there. With 0 it never stops.
 */
import {writeSync} from 'node:fs';
import {createLocal} from '../../../src/local/local-cloud.ts';

const [, , dir = '', id = '', name = '', count = '0'] = process.argv;
const {store} = createLocal({dir});
const live = await store.get(id);
if (!live) throw new Error(`image ${id} is not there`);
for (let n = 1; count === '0' || n <= Number(count); n++) {
  await store.update(live, {set: {[`${name}_${n}`]: 'set'}});
  writeSync(1, `${name}_${n}\n`);
}
