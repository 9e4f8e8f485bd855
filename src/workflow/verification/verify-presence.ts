import {outcomeOf} from '../run/outcome-of.ts';
import type {CloudOutcome} from '../types.ts';
import type {VerifyRun} from './existing-images.ts';
import {chooseImages, workOnImages} from './existing-images.ts';
import {isPresent, reportPresence} from './lost-bytes.ts';

/**
 * Asks the store of a cloud for the first byte of images: those that it calls active and has no bytes of are lost. Without names: all finished images
 * of ours of the definitions. Boots nothing, reads nothing but that byte. Never throws for what one image or this cloud did wrong: that
 * stands in the outcome.
 */
export async function verifyPresence(run: VerifyRun): Promise<CloudOutcome> {
  let endWriting: (() => void) | undefined;
  return outcomeOf(run, {
    async work(result) {
      const images = await chooseImages(run, (error) => result.fail(error), isFinished);
      if (run.verification.options.record) endWriting = run.beginWriting?.();
      await workOnImages(run, {images, result}, async (image) =>
        reportPresence(run, image, await isPresent(run, image)),
      );
    },
    end: () => endWriting?.(),
  });
}

/** Servers can be made of superseded images, too. */
function isFinished({stamp}: {readonly stamp: {readonly state: string}}): boolean {
  return stamp.state === 'retired' || stamp.state === 'ready' || stamp.state === 'quarantined';
}
