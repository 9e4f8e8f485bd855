import {randomUUID} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {FakeServer, FakeVolume} from '../fakes/compute-state.ts';
import type {Table} from './table.ts';
import {fields, openTable} from './table.ts';

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(() => table.close());

const imported = (...argv: readonly string[]) => table.imgmgr('import', '--cloud', 'admin', '--name', 'X', ...argv);

function volume(changes: Partial<FakeVolume> = {}): string {
  const id = randomUUID();
  const {projectId} = table.cloud.accounts.admin;
  const usual = {
    id,
    name: 'a disk',
    projectId,
    sizeGib: 1,
    imageId: '',
    metadata: {},
    status: 'available',
    looksLeft: 0,
  };
  table.cloud.compute.volumes.push({...usual, ...changes});
  return id;
}

function snapshot(volumeId: string, status = 'available'): string {
  const id = randomUUID();
  const {projectId} = table.cloud.accounts.admin;
  table.cloud.compute.snapshots.push({id, name: 'then', projectId, volumeId, metadata: {}, status, looksLeft: 0});
  return id;
}

function server(changes: Partial<FakeServer> = {}): string {
  const id = randomUUID();
  const {projectId} = table.cloud.accounts.admin;
  table.cloud.servers.push({id, name: 'golden', projectId, imageId: randomUUID(), status: 'SHUTOFF', ...changes});
  return id;
}

/** What is there besides the image that was asked for. */
const left = (): readonly string[] => {
  const {volumes, snapshots} = table.cloud.compute;
  const names = [...table.cloud.images.all(), ...volumes, ...snapshots].map(({name}) => name ?? '');
  return names.filter((name) => name.startsWith('imgmgr-'));
};
const writes = (): readonly string[] =>
  table.cloud
    .writes()
    .flatMap(({method, path}) =>
      /volumes|snapshots|servers/.test(path) ? [`${method} ${path.replaceAll(/[0-9a-f-]{36}/g, 'ID')}`] : [],
    );

describe('import', () => {
  it('volume:ID has Cinder make an image, whose bytes become a private image of ours; the intermediate goes', async () => {
    const id = volume();
    const ran = await imported(`volume:${id}`);
    expect([ran.code, ran.errors]).toEqual([0, []]);
    expect(fields(table.named('X'), 'visibility', 'disk_format', 'image_source', 'size')).toEqual([
      ...['private', 'raw', 'private', 200_000],
    ]);
    expect(table.named('X')['imgmgr_record']).toContain(`source=volume:${id}@admin`);
    expect([left(), table.cloud.compute.volumes.length]).toEqual([[], 1]);
  });

  it('volume-snapshot:ID goes through a temporary volume', async () => {
    const ran = await imported(`volume-snapshot:${snapshot(volume())}`);
    expect([ran.code, ran.errors, left()]).toEqual([0, [], []]);
    expect(fields(table.named('X'), 'image_build_date', 'internal_version')).toEqual(['2026-01-02', '20260102']);
    expect(writes()).toEqual(['POST /v3/volumes', 'POST /v3/volumes/ID/action', 'DELETE /v3/volumes/ID']);
    expect(table.cloud.compute.snapshots.length).toBe(1);
  });

  it('server:ID has Nova make an image, in the format that it chooses, without what it inherits', async () => {
    const ran = await imported(`server:${server()}`);
    expect([ran.code, ran.errors, left()]).toEqual([0, [], []]);
    expect(fields(table.named('X'), 'disk_format', 'image_type', 'imgmgr_definition')).toEqual(['raw', undefined, 'X']);
    const other = await imported(`server:${server()}`, '--disk-format', 'qcow2', '--image-version', '2');
    expect([other.code, other.errors[0]?.code, left()]).toEqual([1, 'FORMAT_REFUSED', []]);
  });

  it('server:ID of one that boots from a volume takes a snapshot of that volume, and removes all of it', async () => {
    const id = randomUUID();
    const {projectId} = table.cloud.accounts.admin;
    const volumeId = volume({status: 'in-use', usedBy: [id]});
    table.cloud.servers.push({id, name: 'golden', projectId, status: 'SHUTOFF', volumeId});
    const ran = await imported(`server:${id}`, '--disk-format', 'raw');
    expect([ran.code, ran.errors, left()]).toEqual([0, [], []]);
    expect(writes()).toEqual([
      ...['POST /v3/snapshots', 'POST /v3/volumes', 'POST /v3/volumes/ID/action'],
      ...['DELETE /v3/volumes/ID', 'DELETE /v3/snapshots/ID'],
    ]);
  });

  it('--allow-running takes a volume that is in use and a server that runs', async () => {
    const ran = await imported(`volume:${volume({status: 'in-use', usedBy: ['s1']})}`, '--allow-running');
    expect([ran.code, ran.errors, left()]).toEqual([0, [], []]);
    const other = await imported(`server:${server({status: 'ACTIVE'})}`, '--allow-running', '--image-version', '2');
    expect([other.code, other.errors, left()]).toEqual([0, [], []]);
  });

  it.each([
    ['a volume in use', () => `volume:${volume({status: 'in-use', usedBy: ['s-1']})}`, 'in use by server s-1'],
    ['an encrypted volume', () => `volume:${volume({encrypted: true})}`, 'is encrypted'],
    [
      'a snapshot of an encrypted volume',
      () => `volume-snapshot:${snapshot(volume({encrypted: true}))}`,
      'is encrypted',
    ],
    [
      'a volume that is made',
      () => `volume:${volume({status: 'creating', looksLeft: 9})}`,
      'is creating, not available',
    ],
    ['no volume', () => `volume:${randomUUID()}`, 'is not there'],
    ['no snapshot', () => `volume-snapshot:${randomUUID()}`, 'is not there'],
    ['a failed snapshot', () => `volume-snapshot:${snapshot(volume(), 'error')}`, 'is error, not available'],
    ['no server', () => `server:${randomUUID()}`, 'is not there'],
    ['a running server', () => `server:${server({status: 'ACTIVE'})}`, 'is running (ACTIVE)'],
    ['a paused server', () => `server:${server({status: 'PAUSED'})}`, 'is PAUSED'],
    ['a broken server', () => `server:${server({status: 'ERROR'})}`, 'is ERROR'],
    ['a deleted server', () => `server:${server({status: 'SOFT_DELETED'})}`, 'is not there'],
    ['a busy server', () => `server:${server({taskState: 'image_snapshot'})}`, 'is busy'],
    ["somebody else's server", () => `server:${server({projectId: 'p2'})}`, 'belongs to project p2'],
    ['a volume above the limit', () => `volume:${volume({sizeGib: 300})}`, 'more than'],
  ])('of %s is exit 2, and nothing is made', async (_what, address, words) => {
    const ran = await imported(address());
    expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining(words)]);
    expect(ran.errors[0]?.hint).toBeTruthy();
    expect(table.cloud.writes()).toEqual([]);
  });

  it('without the right is exit 2, and nothing is left', async () => {
    table.cloud.compute.forbidden = ['images-of-servers', 'images-of-volumes'];
    for (const address of [`server:${server()}`, `volume:${volume()}`, `volume-snapshot:${snapshot(volume())}`]) {
      const ran = await imported(address);
      expect([ran.code, ran.errors[0]?.code, ran.errors[0]?.message]).toEqual([
        2,
        'CONFIG',
        expect.stringContaining('may not'),
      ]);
      expect([left(), table.cloud.images.all()]).toEqual([[], []]);
    }
  });

  it('where the service gives up is one error, and nothing is left', async () => {
    table.cloud.compute.diskBytes = undefined;
    for (const address of [`server:${server()}`, `volume:${volume()}`, `volume-snapshot:${snapshot(volume())}`]) {
      const ran = await imported(address);
      expect([ran.code, ran.errors[0]?.code, left()]).toEqual([1, 'CLOUD_REFUSED', []]);
    }
    table.cloud.compute.volumesBecome = 'error';
    const ran = await imported(`volume-snapshot:${snapshot(volume())}`);
    expect([ran.code, ran.errors[0]?.message, left()]).toEqual([1, expect.stringContaining('became error'), []]);
  });

  it('of bytes that are dangerous or no disk removes the intermediate, too', async () => {
    table.cloud.compute.diskBytes = Buffer.concat([Buffer.from('QFI\u00fb', 'latin1'), Buffer.alloc(100_000)]);
    const ran = await imported(`volume:${volume()}`);
    expect([ran.code, ran.errors[0]?.code, left()]).toEqual([1, 'FORMAT_REFUSED', []]);
    expect(table.cloud.images.all()).toEqual([]);
  });
});

it('what a dead run left is removed by the next import of such an object; what is not known to be dead, or not ours, stays', async () => {
  const [dead, other] = [randomUUID(), randomUUID()];
  const {projectId} = table.cloud.accounts.admin;
  const stampOf = (run: string, expires: string) => ({
    ...{imgmgr_run: run, imgmgr_image: 'x', imgmgr_expires: expires, imgmgr_holder: 'elsewhere b 1 2'},
  });
  const over = stampOf(dead, '2020-01-01T00:00:00Z');
  const name = `imgmgr-tmp-${dead}-1`;
  const source = volume();
  volume({name, metadata: over});
  const usual = {projectId, volumeId: source, status: 'available', looksLeft: 0};
  table.cloud.compute.snapshots.push({...usual, id: randomUUID(), name, metadata: over});
  table.cloud.seed({name, status: 'queued', owner: projectId});
  const stays = `imgmgr-tmp-${other}-1`;
  volume({name: stays, metadata: stampOf(other, '2099-01-01T00:00:00Z')});
  volume({name: `${name}-by-hand`, metadata: {}});
  table.cloud.seed({name: `${name}-of-another-project`, owner: 'p2'});
  const ran = await imported(`volume:${source}`);
  expect([ran.code, ran.errors]).toEqual([0, []]);
  expect([...left()].sort()).toEqual([`${name}-by-hand`, `${name}-of-another-project`, stays].sort());
});

it('a cloud without block storage is exit 2', async () => {
  await table.close();
  table = await openTable({volumeService: false});
  const ran = await imported(`volume:${randomUUID()}`);
  expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining('block-storage')]);
});

it('the cloud local has no volumes and no servers, exit 2', async () => {
  const ran = await table.imgmgr('import', '--cloud', 'local', '--name', 'X', `server:${randomUUID()}`);
  expect([ran.code, ran.errors[0]?.message]).toEqual([2, expect.stringContaining('no volumes and no servers')]);
});
