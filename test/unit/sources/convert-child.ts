import {pathToFileURL} from 'node:url';
import {createExec} from '../../../src/exec.ts';
import {createHttp} from '../../../src/http.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';
import {createSource} from '../../../src/sources/create-source.ts';

/** Converts one qcow2 to raw: SOURCE TARGET ROOT; or has a copy of one judged: SOURCE '' ROOT. Killed by the test. */
const [path = '', target = '', root = ''] = process.argv.slice(2);
const exec = createExec(process.env);
const converter = createConverter({exec, root});
const request = {from: 'qcow2', limitMs: 60_000, signal: new AbortController().signal};
if (target === '') {
  const source = createSource({http: createHttp({proxy: 'none'}), exec});
  const urls = [pathToFileURL(path).href];
  await converter.judge((signal) => source.open({urls, baseDir: '/', format: 'qcow2', signal}), request);
} else await converter.convertFile(path, target, {...request, conversion: {to: 'raw', compress: false}});
