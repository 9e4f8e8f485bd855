import {createHash} from 'node:crypto';
import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import type {Desk, Ran} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

let desk: Desk;

beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => desk.close());

const FEW = Buffer.alloc(200_000, 'some bytes ');
const MANY = Buffer.alloc(32 * 2 ** 20, 'many bytes ');

/** Two versions of X, one after the other; `algorithm` demands their digest. */
async function manageTwo(start: Buffer, algorithm?: 'sha256', ...flags: readonly string[]): Promise<Ran> {
  const versions = ['1', '2'].map((version) => {
    const bytes = Buffer.concat([start, Buffer.from(version)]);
    desk.upstream.put(`/x-${version}.img`, bytes);
    const digest = algorithm && `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
    return listed(version, `${desk.upstream.url}/x-${version}.img`, digest === undefined ? {} : {checksum: digest});
  });
  const images = await desk.write(yaml(versions));
  return desk.imgmgr('manage', '--cloud', 'admin', '--images', images, '--jobs', '1', ...flags);
}

/** How often each kind of call was made that has to do with bytes. */
function calls(): Readonly<Record<string, number>> {
  const ends = {import: /^POST .*\/import$/, stage: /^PUT .*\/stage$/, file: /^PUT .*\/file$/};
  const made = desk.cloud.requests.map(({method, path}) => `${method} ${path}`);
  return Object.fromEntries(
    Object.entries(ends).map(([name, end]) => [name, made.filter((one) => end.test(one)).length]),
  );
}

describe('R5: a cloud that refuses imports', () => {
  it.each([403, 404])(
    '(%i): the bytes go by upload, and the next image does not try an import again',
    async (status) => {
      desk.cloud.misbehave('forbiddenImport', {status});
      const {code, errors} = await manageTwo(FEW);
      expect(errors).toEqual([]);
      expect(code).toBe(0);
      expect(calls()).toEqual({import: 1, stage: 0, file: 2});
    },
  );

  it('is asked before the first byte is staged, so that a demanded digest costs nothing twice', async () => {
    desk.cloud.misbehave('forbiddenImport');
    const {code} = await manageTwo(MANY, 'sha256');
    expect(code).toBe(0);
    expect(calls()).toEqual({import: 1, stage: 0, file: 2});
  });

  it('is not asked where the bytes are few: they are sent again, once per run', async () => {
    desk.cloud.misbehave('forbiddenImport');
    const {code} = await manageTwo(FEW, 'sha256');
    expect(code).toBe(0);
    expect(calls()).toEqual({import: 1, stage: 1, file: 2});
  });

  it('is asked once where it takes imports', async () => {
    const {code} = await manageTwo(MANY, 'sha256');
    expect(code).toBe(0);
    expect(calls()).toEqual({import: 3, stage: 2, file: 0});
  });

  it('only once the bytes are staged: they go again by upload, and those of the next image at once', async () => {
    desk.cloud.misbehave('forbiddenImport', {after: 1});
    const {code} = await manageTwo(MANY, 'sha256');
    expect(code).toBe(0);
    expect(calls()).toEqual({import: 2, stage: 1, file: 2});
  });

  it('and a method that is forced is an error before any byte travels', async () => {
    desk.cloud.misbehave('forbiddenImport');
    const {code, errors} = await manageTwo(MANY, undefined, '--method', 'glance-direct');
    expect(code).toBe(1);
    expect(errors[0]).toMatchObject({code: 'FORBIDDEN', hint: expect.stringContaining('--method upload') as unknown});
    expect(calls()).toEqual({import: 1, stage: 0, file: 0});
    expect(desk.cloud.views()).toEqual([]);
  });

  it('for one image only, because that is gone, is no refusal', async () => {
    const stop = desk.cloud.interceptWrites({
      arrived: ({method, path}) => {
        const id = /images\/([^/]+)\/import$/.exec(path)?.[1];
        if (method === 'POST' && id !== undefined) {
          stop();
          desk.cloud.images.remove(id, 'deleted by somebody');
        }
        return 'pass';
      },
    });
    await manageTwo(FEW);
    expect(calls()).toMatchObject({import: 2});
  });
});
