import type {Image, NewImage} from '../../../src/core/image/image.ts';

/** A record as the cloud has it when it was created, without data, in the project `p`. */
export function created({id = 'i', name, osHidden, tags, properties}: NewImage): Image {
  return {
    ...{id, name, osHidden, tags, properties, status: 'queued', visibility: 'private', protected: false, owner: 'p'},
    ...{minDisk: 0, minRam: 0, diskFormat: null, containerFormat: null, size: null, virtualSize: null},
    ...{osHashAlgo: null, osHashValue: null, stores: []},
    ...{createdAt: '2026-12-01T00:00:00Z', updatedAt: '2026-12-01T00:00:00Z'},
  };
}
