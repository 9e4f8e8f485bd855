import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {createLocal} from '../../../src/local/local-cloud.ts';
import {describeImageStore} from '../ports/image-store-contract.ts';

describeImageStore('a folder', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'imgmgr-contract-'));
  return {
    store: createLocal({dir}).store,
    other: createLocal({dir}).store,
    close: () => rm(dir, {recursive: true, force: true}),
  };
});
