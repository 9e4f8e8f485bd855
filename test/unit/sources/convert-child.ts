import {createExec} from '../../../src/exec.ts';
import {createConverter} from '../../../src/sources/create-converter.ts';

/** Converts one file to raw: SOURCE TARGET ROOT. Killed by the test. */
const [path = '', target = '', root = ''] = process.argv.slice(2);
await createConverter({exec: createExec(process.env), root}).convertFile(path, target, {
  from: 'qcow2',
  conversion: {to: 'raw', compress: false},
  limitMs: 60_000,
  signal: new AbortController().signal,
});
