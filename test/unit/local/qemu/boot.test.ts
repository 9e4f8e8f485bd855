import {createReadStream} from 'node:fs';
import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, expect, it} from 'vitest';
import {createLocal} from '../../../../src/local/local-cloud.ts';
import {findQemu} from '../../../../src/local/qemu/process.ts';
import {buildGuest} from '../../../local/guests.ts';
import {hasQemu, lookUntil, realGuard} from './tools.ts';

const withQemu = hasQemu('that a guest boots in the local cloud');
let folder = '';
let guest: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-guest-'));
  if (withQemu) guest = await buildGuest({guest: 'tiny-guest', out: join(folder, 'guest.qcow2')});
}, 300_000);
afterAll(() => rm(folder, {recursive: true, force: true}));

it.skipIf(!withQemu)(
  'a guest from the store boots on its own kernel, runs its user data from the config drive, and is gone after removal',
  async (context) => {
    if (guest === undefined) return context.skip('there is no guest to boot');
    const {store, tests: host} = createLocal({dir: join(folder, 'store'), images: realGuard(folder)});
    try {
      const {id} = await store.create({name: 'tiny', osHidden: true, diskFormat: 'qcow2', tags: [], properties: {}});
      await store.upload({id, bytes: createReadStream(guest)});
      const image = await store.get(id);
      if (!image) throw new Error('the image is gone');
      const server = await host.start({
        name: 'imgmgr-test',
        stamp: {run: 'run', image: id, expires: '2026-01-01T00:00:00Z', holder: 'host boot 1 2'},
        image,
        place: await host.place({image}),
        datasource: 'config-drive',
        userData: ([first]) =>
          `#!/bin/sh\n[ "$(cat /sys/class/net/eth0/address)" = ${first?.mac} ] && echo "I am $(cat /sys/class/dmi/id/product_uuid)"\n`,
        signal: new AbortController().signal,
      });
      const qemu = findQemu(server.id);
      await lookUntil({host, server, until: async () => (await host.look(server)).kind === 'active'});
      const isDone = async (): Promise<boolean> => /user data ended with/.test((await host.console(server)) ?? '');
      await lookUntil({host, server, until: isDone, limitMs: 50_000});
      expect(await host.console(server)).toContain(`I am ${server.id}`);
      expect((await host.look(server)).kind).toBe('active');
      await host.remove(server);
      expect(qemu).toBeDefined();
      expect(findQemu(server.id)).toBeUndefined();
      expect(await host.leftovers()).toEqual([]);
    } finally {
      await host.close();
    }
  },
  60_000,
);
