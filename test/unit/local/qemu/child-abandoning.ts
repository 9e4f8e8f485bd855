import {createLocal} from '../../../../src/local/local-cloud.ts';
import {testImage} from './image.ts';
import {realGuard} from './tools.ts';

/** Says that it begins, starts a test server on the file, says its id, and waits to be killed. */
const [dir = '', file = ''] = process.argv.slice(2);
process.stdout.write('begins\n');
const image = testImage();
const {tests} = createLocal({dir, files: new Map([[image.id, file]]), accelerator: 'tcg', images: realGuard(dir)});
const place = await tests.place({image});
const {id} = await tests.start({
  name: 'abandoned',
  stamp: {run: 'run-1', image: image.id, expires: '2026-01-01T00:00:00Z', holder: 'host boot 1 2'},
  image,
  place,
  datasource: 'config-drive',
  userData: () => 'secret\n',
  signal: new AbortController().signal,
});
process.stdout.write(`${id}\n`);
setInterval(() => undefined, 1000);
