// The floor of making images by web-download: one login, per image one create (described and public at once) and one
// import, all in parallel, then one listing of all of them until the last one is active. Arguments: NAME URL …
import {setTimeout as sleep} from 'node:timers/promises';
import {RawApi} from '../raw-api.ts';
import {login} from './environment.ts';

const POLL_MS = 200;
const TAG = 'imgmgr_bench_floor';
const PROPERTIES = {architecture: 'x86_64', hypervisor_type: 'qemu', os_distro: 'debian', os_version: '12'};

const api = await RawApi.logIn(login());
const wanted = process.argv
  .slice(2)
  .flatMap((name, index, all) => (index % 2 === 0 ? [{name, url: all[index + 1]}] : []));
await Promise.all(
  wanted.map(async ({name, url}) => {
    const {id} = await api.glance<{id: string}>('POST', '/images', {
      ...PROPERTIES,
      name,
      visibility: 'public',
      disk_format: 'raw',
      container_format: 'bare',
      tags: [TAG],
    });
    await api.glance('POST', `/images/${id}/import`, {method: {name: 'web-download', uri: url}});
  }),
);
for (;;) {
  const {images} = await api.glance<{images: unknown[]}>('GET', `/images?limit=1000&tag=${TAG}&status=active`);
  if (images.length >= wanted.length) break;
  await sleep(POLL_MS);
}
process.exit(0);
