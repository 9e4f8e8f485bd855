import type {ImageStore} from '../../ports/image-store.ts';
import type {Definition} from '../../core/definition/definition.ts';
import {ImgmgrError} from '../../errors.ts';
import type {LeaseKeeper} from '../lease/lease-keeper.ts';

/** Asks once per visibility, on our own lease record, whether we may publish; changes nothing. */
export function publishObstacle(
  store: ImageStore,
  keeper: LeaseKeeper,
): (definition: Definition) => Promise<ImgmgrError | undefined> {
  const answers = new Map<string, Promise<boolean | undefined>>();
  return async ({visibility}) => {
    const {record} = keeper;
    if (visibility !== 'public' || !record) return undefined;
    const answer = answers.get(visibility) ?? store.mayPublish(record, visibility);
    answers.set(visibility, answer);
    if ((await answer) !== false) return undefined;
    return new ImgmgrError('FORBIDDEN', `this account may not make images ${visibility} on ${store.cloud}`, {
      hint: 'use an account with the right to publish (policy publicize_image, usually the role admin), or another visibility',
    });
  };
}
