import {afterEach, beforeEach, describe, expect, it} from 'vitest';
import {unsignedUrl} from '../../src/core/public-url.ts';
import type {Desk} from './operator.ts';
import {listed, openDesk, yaml} from './operator.ts';

const SIGNATURE = 'a1B2c3D4e5F6a1B2c3D4e5F6a1B2c3D4';
const QUERY = `versionId=3&X-Amz-Credential=AKIA%2F1&X-Amz-Signature=${SIGNATURE}`;

let desk: Desk;

beforeEach(async () => {
  desk = await openDesk();
});
afterEach(async () => desk.close());

describe('S6: an address with a signature', () => {
  it.each([['human'], ['json'], ['junit']])('S6: neither Glance nor what is written shows it (%s)', async (format) => {
    desk.upstream.put('/x.img', Buffer.alloc(100_000, 'bytes '));
    const images = await desk.write(yaml([listed('1', `${desk.upstream.url}/x.img?${QUERY}`)]));
    const flags = ['--cloud', 'admin', '--images', images, '--debug', '--format', format];
    const planned = await desk.print('dry-run', ...flags);
    const made = await desk.print('manage', ...flags);
    expect([planned.code, made.code]).toEqual([3, 0]);
    const written = [planned, made].map(({out, err}) => out + err).join('');
    expect(written).not.toContain(SIGNATURE);
    const [image] = desk.cloud.views();
    expect(image).toMatchObject({image_source: `${desk.upstream.url}/x.img?versionId=3`});
    expect(JSON.stringify(desk.cloud.views())).not.toContain(SIGNATURE);
    expect((await desk.imgmgr('manage', ...flags.slice(0, 4))).done).toEqual([]);
  });

  it('S6: the command line is not repeated with its password', async () => {
    for (const address of [
      'https://op:hunter2hunter@h.invalid/',
      's3://op:hunter2hunter@h/x?token=hunter2hunter',
      'https://op:hunter2hunter@[h/%',
    ])
      for (const format of ['human', 'json']) {
        const {code, out, err} = await desk.print('import', address, '--cloud', 'admin', '--format', format);
        expect(code).not.toBe(0);
        expect(out + err).not.toContain('hunter2');
      }
  });

  it.each([
    ['https://h/x', 'https://h/x'],
    ['https://h/x?a=1&b=%20', 'https://h/x?a=1&b=%20'],
    ['https://h/x?token=1', 'https://h/x'],
    ['https://h/x?a=1&sig%6Eature=2&c#f', 'https://h/x?a=1&c#f'],
    ['https://h/x#f?token=1', 'https://h/x#f?token=1'],
  ])('S6: %s is shown as %s', (url, shown) => {
    expect(unsignedUrl(url)).toBe(shown);
  });
});
