import {ImgmgrError} from '../../../src/errors.ts';

/** The error that the promise rejects with, which must be one of ours. */
export async function failure(promise: Promise<unknown>): Promise<ImgmgrError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof ImgmgrError) return error;
    throw error;
  }
  throw new Error('it should have failed');
}
