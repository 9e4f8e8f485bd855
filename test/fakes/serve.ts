import {mkdtempSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {parseArgs} from 'node:util';
import {makeQcow2} from './disk-image.ts';
import {startFakeCloud} from './fake-cloud.ts';
import {MISBEHAVIOURS} from './misbehaviour.ts';
import type {MisbehaviourName} from './misbehaviour.ts';
import {startUpstream} from './upstream.ts';

/**
 * A fake cloud and a fake source to play with by hand, until Ctrl-C:
 *
 *     node test/fakes/serve.ts [--port N] [--release debian|latest] [--seed 1000] [--delay 50] [--misbehave NAME]…
 *
 * Prints the path of a clouds.yaml (entries admin, member, credential) on the first line, the source's address on the second.
 */
const {values} = parseArgs({
  options: {
    port: {type: 'string', default: '0'},
    release: {type: 'string', default: 'debian'},
    seed: {type: 'string', default: '0'},
    delay: {type: 'string', default: '200'},
    misbehave: {type: 'string', multiple: true, default: []},
  },
});

const cloud = await startFakeCloud({
  port: Number(values.port),
  release: values.release === 'latest' ? 'latest' : 'debian',
  importDelayMs: Number(values.delay),
});
cloud.seedImages(Number(values.seed));
for (const name of values.misbehave) {
  if (!(name in MISBEHAVIOURS))
    throw new Error(`no misbehaviour ${name}; there are ${Object.keys(MISBEHAVIOURS).join(', ')}`);
  cloud.misbehave(name as MisbehaviourName);
}
const upstream = await startUpstream();
upstream.put('/images/demo-1.qcow2', makeQcow2({virtualBytes: 2 ** 30, dataBytes: 2 ** 20, seed: 1}));
upstream.put('/images/demo-2.qcow2', makeQcow2({virtualBytes: 2 ** 30, dataBytes: 2 ** 20, seed: 2}));
upstream.putDigests('/images/SHA512SUMS', {});

const file = join(mkdtempSync(join(tmpdir(), 'fake-cloud-')), 'clouds.yaml');
writeFileSync(file, cloud.cloudsYaml(), {mode: 0o600});
process.stdout.write(`${file}\n${upstream.url}/images/\n`);
