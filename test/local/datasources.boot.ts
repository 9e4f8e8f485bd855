import {mkdtemp, rm} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {afterAll, beforeAll, describe, expect, it} from 'vitest';
import {hasQemu} from '../unit/local/qemu/tools.ts';
import {buildGuest, withBooted} from './guests.ts';

const SCSI = {hw_disk_bus: 'scsi', hw_scsi_model: 'virtio-scsi'};
const withQemu = hasQemu('that guests read config drives and NoCloud volumes');
let folder = '';
let guest: string | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'imgmgr-guest-'));
  if (withQemu) guest = await buildGuest({guest: 'tiny-guest', out: join(folder, 'guest.qcow2')});
});
afterAll(() => rm(folder, {recursive: true, force: true}));

describe.skipIf(!withQemu)('a Linux guest', () => {
  it.for([
    ['nocloud', SCSI, '/run/seed', ['meta-data', 'network-config', 'user-data']],
    [
      'config-drive',
      {},
      '/run/seed/openstack/latest',
      ['meta_data.json', 'network_data.json', 'user_data', 'vendor_data.json'],
    ],
  ] as const)('finds the files of %s under their own names, whole, its disk on %j', async (row, context) => {
    const [datasource, properties, path, names] = row;
    const file = guest ?? context.skip('there is no guest to boot');
    const script = `#!/bin/sh\nmount -t iso9660 /dev/sr0 /run/seed; ls -1 ${path}; tail -c 5 ${path}/user?data\n# ${'x'.repeat(5000)}\nexit\n`;
    const text = await withBooted({file, datasource, properties, userData: script, accelerator: 'tcg'}, (booted) =>
      booted.console(/user data ended with 0/),
    );
    expect(text.replaceAll('\r', '')).toContain(`${names.join('\n')}\nexit\n`);
  });
});
