import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Table} from './table.ts';
import {openTable} from './table.ts';

const DAY_MS = 86_400_000;

let table: Table;
beforeEach(async () => {
  table = await openTable();
});
afterEach(async () => table.close());

/** A dry run that logs in as `cloud`, with a credential that ends in so many days. */
async function warned(
  days: number | undefined,
  cloud = 'credential',
): Promise<{code: number; warnings: readonly string[]; calls: number}> {
  const {applicationCredential: credential} = table.cloud.accounts.admin;
  if (days === undefined) delete credential.expiresAt;
  else {
    const ends = new Date(table.cloud.clock.now().getTime() + days * DAY_MS);
    credential.expiresAt = `${ends.toISOString().slice(0, 19)}.000000`;
  }
  const images = await table.write(table.x(['1']));
  table.cloud.clearLog();
  const ran = await table.imgmgr('hide', '--cloud', cloud, '--images', images);
  const calls = table.cloud.requests.filter(({path}) => path.includes('application_credentials')).length;
  return {code: ran.code, warnings: ran.warnings, calls};
}

describe('an application credential', () => {
  it('that ends within 14 days is warned of in every run, exit 0', async () => {
    expect(await warned(13)).toEqual({code: 0, warnings: ['credential-expires'], calls: 1});
    expect(await warned(15)).toEqual({code: 0, warnings: [], calls: 1});
    expect(await warned(undefined)).toEqual({code: 0, warnings: [], calls: 1});
  });

  it('that Keystone says nothing of changes nothing', async () => {
    table.cloud.accounts.admin.applicationCredential.hidden = true;
    expect(await warned(1)).toMatchObject({code: 0, warnings: []});
  });

  it('is asked for only where it logs in', async () => {
    expect(await warned(1, 'admin')).toEqual({code: 0, warnings: [], calls: 0});
  });
});
