import type {Image} from '../../../../src/core/image/image.ts';

/** An image as the local store shows it. */
export function testImage(change: Partial<Image> = {}): Image {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    name: 'test',
    status: 'active',
    visibility: 'private',
    osHidden: true,
    protected: false,
    owner: 'local',
    tags: [],
    minDisk: 0,
    minRam: 0,
    diskFormat: 'raw',
    containerFormat: 'bare',
    size: 1024,
    virtualSize: 1024,
    osHashAlgo: null,
    osHashValue: null,
    createdAt: '2026-01-01T00:00:00Z',
    updatedAt: '2026-01-01T00:00:00Z',
    stores: ['local'],
    properties: {},
    ...change,
  };
}
