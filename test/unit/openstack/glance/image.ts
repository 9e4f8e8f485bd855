import type {Image} from '../../../../src/core/image/image.ts';

/** An active image of ours, changed as a test needs it. */
export function imageOf(change: Partial<Image> = {}): Image {
  return {
    id: 'i',
    name: 'n',
    status: 'active',
    visibility: 'private',
    osHidden: true,
    protected: false,
    owner: 'p',
    tags: [],
    minDisk: 0,
    minRam: 0,
    diskFormat: 'raw',
    containerFormat: 'bare',
    size: 1,
    virtualSize: 1,
    osHashAlgo: 'sha512',
    osHashValue: 'aa',
    createdAt: '2026-01-31T10:00:00Z',
    updatedAt: '2026-01-31T10:00:00Z',
    stores: ['file'],
    properties: {},
    ...change,
  };
}
