import type {Form} from '../image/form.ts';
import {formatApplied} from '../image/stamp.ts';
import type {OwnImage, Release} from '../release/release.ts';
import type {Draft} from './draft.ts';

/** The id of images that exist only in the plan. */
export const FORESEEN = '';

/** An image that the plan will make, so that names, ranks and promises are counted as they will be afterwards. */
export function foreseen(draft: Draft, release: Release, form: Form): OwnImage {
  const {input, definition} = draft;
  const state = draft.isCurrent(release) ? 'current' : 'retired';
  return {
    image: {
      id: FORESEEN,
      name: form.name,
      status: 'active',
      visibility: form.visibility,
      osHidden: form.osHidden,
      protected: form.protected,
      owner: input.projectId,
      tags: form.tags,
      minDisk: form.minDisk,
      minRam: form.minRam,
      diskFormat: definition.format,
      containerFormat: 'bare',
      size: null,
      virtualSize: null,
      osHashAlgo: null,
      osHashValue: null,
      // Made after everything that is there, whatever the clocks say.
      createdAt: '9999-12-31T23:59:59Z',
      updatedAt: '9999-12-31T23:59:59Z',
      stores: [],
      properties: {...form.properties, imgmgr_applied: formatApplied(form)},
    },
    stamp: {
      definition: definition.name,
      version: release.version,
      state,
      run: '',
      keys: [],
      adHoc: input.adHoc,
      ...(release.digest && {digest: release.digest}),
    },
  };
}
