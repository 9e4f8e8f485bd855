import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

let table: Table;
beforeEach(async () => {
  table = await openTable();
  table.cloud.compute.life = {console: 'server login: '};
});
afterEach(async () => table.close());

const BOOTED = {verify: '{mode: boot}'};

/** Definitions X and Y in one file; gives the arguments of a run on one of them. */
async function twoDefinitions(): Promise<(name: string, ...flags: readonly string[]) => string[]> {
  const text = ['X', 'Y'].map((name) => table.x(['1'], {name, ...BOOTED}).replace(/^images:\n/, ''));
  const images = await table.write(`images:\n${text.join('')}`);
  return (name, ...flags) => ['manage', '--cloud', 'admin', '--images', images, '--filter', `^${name}$`, ...flags];
}

function heldNow(): string[] {
  const {servers, ports, groups, volumes} = table.cloud.compute;
  return [...servers, ...ports, ...groups, ...volumes]
    .map(({name}) => name)
    .filter((name) => name.startsWith('imgmgr-'));
}

describe('several runs at once', () => {
  it('do their work side by side; whatever one holds names it, and nothing of it stays', async () => {
    const manage = await twoDefinitions();
    const seen = new Map<string, string>();
    table.cloud.compute.onServer = ({name, metadata, portId}) => {
      const run = metadata?.['imgmgr_run'] ?? '';
      const port = table.cloud.compute.ports.find(({id}) => id === portId);
      expect(name.startsWith(`imgmgr-${run.slice(0, 8)}`), name).toBe(true);
      expect(port?.name.startsWith(`imgmgr-${run}`), port?.name).toBe(true);
      expect(port?.description.split(' ')[1]).toBe(run);
      seen.set(run, name);
    };
    const names = ['X', 'Y', 'X'];
    const ran = await Promise.all(names.map((name) => table.imgmgr(...manage(name, '--verify'))));
    expect(ran.map(({code, text}) => (code === 0 ? 0 : text))).toEqual([0, 0, 0]);
    expect(seen.size).toBe(2);
    expect(table.show()).toEqual(['X | public | generic', 'Y | public | generic']);
    expect(heldNow()).toEqual([]);
    const leases = table.cloud
      .writes()
      .filter(({method, body}) => method === 'POST' && JSON.stringify(body ?? {}).includes('"lease"'));
    expect(new Set(leases.map(({body}) => (body as {readonly imgmgr_run: string}).imgmgr_run)).size).toBe(
      leases.length,
    );
  });

  it('a run that is over in a process that lives on is dead at once: what it could not remove goes with the next run', async () => {
    const manage = await twoDefinitions();
    const behaves = table.cloud.misbehave('forbiddenDelete');
    const first = await table.imgmgr(...manage('X', '--no-verify'));
    expect(first.warnings).toContain('cleanup-failed');
    behaves.stop();
    expect(table.show()).toHaveLength(2);
    table.byHand('X', {properties: {...propertiesOf('X'), os_version: '11'}});
    const next = await table.imgmgr(...manage('X', '--no-verify', '--wait-lock', '0'));
    expect([next.code, next.done], next.text).toEqual([0, ['remove', 'update 1']]);
    expect(table.show()).toEqual(['X | public | generic']);
  });
});

function propertiesOf(name: string): Readonly<Record<string, string>> {
  return table.cloud.images.find(String(table.named(name)['id']))?.properties ?? {};
}
