import {describe, expect, it} from 'vitest';
import type {AdHocFacts, AdHocImage} from '../../../src/app/ad-hoc-image.ts';
import {toDefinition} from '../../../src/app/ad-hoc-image.ts';

const FACTS: AdHocFacts = {
  cwd: '/home/op',
  now: new Date('2026-03-04T23:00:00Z'),
  modified: (path) => Promise.resolve(path.includes('missing') ? undefined : new Date('2026-01-02T10:00:00Z')),
};

const IMAGE: AdHocImage = {
  address: 'https://example.org/images/debian-12.qcow2?token=x',
  allowRunning: false,
  minDiskGib: 0,
  minRamMib: 0,
  login: '',
  visibility: 'private',
  protected: false,
  properties: {},
};

describe('an image of the command line as a definition', () => {
  it('takes name, format and version from a URL and the day', async () => {
    const definition = await toDefinition(IMAGE, FACTS);
    expect(definition).toMatchObject({
      name: 'debian-12',
      format: 'qcow2',
      visibility: 'private',
      multi: true,
      enabled: true,
    });
    expect(definition.versions).toMatchObject([{version: '20260304', url: IMAGE.address, buildDate: '2026-03-04'}]);
  });

  it('takes the version of a file from its last change, so that the same file is the same image', async () => {
    const {versions, name} = await toDefinition({...IMAGE, address: 'pics/my disk.raw.xz'}, FACTS);
    expect(name).toBe('my disk');
    expect(versions).toMatchObject([{version: '20260102', url: 'file:///home/op/pics/my%20disk.raw.xz'}]);
  });

  it('L: takes the day for a file whose last change lies in the future', async () => {
    const facts = {...FACTS, modified: () => Promise.resolve(new Date('2099-01-01T00:00:00Z'))};
    const {versions} = await toDefinition({...IMAGE, address: 'x.img'}, facts);
    expect(versions).toMatchObject([{version: '20260304', buildDate: '2026-03-04'}]);
  });

  it.each([
    ['x.img', 'qcow2'],
    ['x.raw', 'raw'],
    ['X.ISO', 'iso'],
    ['x.vmdk', 'vmdk'],
    ['x.qcow2.zst', 'qcow2'],
  ])('tells the format of %s: %s', async (address, format) => {
    expect((await toDefinition({...IMAGE, address}, FACTS)).format).toBe(format);
  });

  it.each(['file:///srv/x.img', 'file:/srv/x.img', '/srv/x.img'])('takes %s as the same file', async (address) => {
    expect((await toDefinition({...IMAGE, address}, FACTS)).versions).toMatchObject([{url: 'file:///srv/x.img'}]);
  });

  it('lets flags win over what the address tells', async () => {
    const flags = {
      name: 'Mine',
      version: '7',
      buildDate: '2025-05-05',
      diskFormat: 'raw',
      login: 'me',
      minDiskGib: 3,
    } as const;
    const definition = await toDefinition({...IMAGE, ...flags, properties: {a: 'b'}}, FACTS);
    expect(definition).toMatchObject({name: 'Mine', format: 'raw', login: 'me', minDiskGib: 3, meta: {a: 'b'}});
    expect(definition.versions).toMatchObject([{version: '7', buildDate: '2025-05-05'}]);
  });

  it('reads stdin when name and format are given', async () => {
    const definition = await toDefinition({...IMAGE, address: '-', name: 'P', diskFormat: 'raw'}, FACTS);
    expect(definition.versions).toMatchObject([{url: '-', version: '20260304'}]);
  });

  it.each([
    ['-', {}, '- does not contain the name of the image', '--name'],
    ['-', {name: 'P'}, '- does not contain the format of the image', '--disk-format'],
    ['https://example.org/disk', {}, 'https://example.org/disk does not contain the format', '--disk-format'],
    ['https://example.org/', {diskFormat: 'raw'}, 'https://example.org/ does not contain the name', '--name'],
    ['https://example.org/%zz.img', {}, 'is no valid address', 'percent-encoded'],
    ['ftp://example.org/x.img', {}, 'images cannot be read from ftp: addresses', 'http, https or oci'],
    ['missing.img', {}, '/home/op/missing.img is no file that can be read', '-'],
  ])('%s with %j', async (address, flags, message, hint) => {
    await expect(toDefinition({...IMAGE, ...flags, address}, FACTS)).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining(message) as unknown,
      hint: expect.stringContaining(hint) as unknown,
    });
  });
});
