import type {ImageSource, OpenedSource, SourceRequest, StreamOrigin} from '../../ports/image-source.ts';
import {formatDigest, sameDigest} from '../../core/release/digest.ts';
import {ImgmgrError} from '../../errors.ts';
import type {FoundImage} from './image-origin.ts';
import {compareDemanded} from './image-origin.ts';
import type {ByteSource} from './types.ts';

/** What reading needs. */
export interface ObjectContext {
  readonly source: ImageSource;
  readonly request: SourceRequest;
}

/**
 * An image of a cloud as source of another one: its bytes go through us as those of any other source, judged and hashed on the way, and must
 * have the hash that its Glance computed. Glance itself makes no image of another one: `copy-image` fills further stores of the same
 * image, `glance-download` has to be set up between two regions and takes no digest.
 * https://docs.openstack.org/glance/latest/admin/interoperable-image-import.html
 */
export function imageSource(find: () => Promise<FoundImage>, context: ObjectContext): ByteSource {
  const {source, request} = context;
  let found: FoundImage | undefined;
  const asked = async (): Promise<{readonly found: FoundImage; readonly request: SourceRequest}> => {
    found ??= await find();
    compareDemanded(found, request.digest);
    return {found, request: requestFor(request, found)};
  };
  return {
    probe: async (limitMs) => source.probe({...(await asked()).request, limitMs}),
    async open(how) {
      const {found: image, request: own} = await asked();
      return compared(await source.open({...own, ...how}), image);
    },
  };
}

function requestFor(request: SourceRequest, found: FoundImage): SourceRequest {
  const digest = request.digest ?? found.digest;
  return {
    ...request,
    stream: streamOf(found),
    ...(digest && {digest}),
    wantSha512: request.wantSha512 === true || (request.digest !== undefined && found.digest?.algorithm === 'sha512'),
  };
}

function streamOf({store, image, shown}: FoundImage): StreamOrigin {
  return {url: shown, origin: shown, read: (signal) => store.download(image.id, signal)};
}

/** The hash of its Glance is compared at the end, too, where another digest was demanded and compared on the way. */
function compared(opened: OpenedSource, {digest: known, shown}: FoundImage): OpenedSource {
  return {
    ...opened,
    facts() {
      const facts = opened.facts();
      const read = facts.digests.find(({algorithm}) => algorithm === known?.algorithm);
      if (known && read && !sameDigest(known, read))
        throw new ImgmgrError(
          'DIGEST_MISMATCH',
          `${shown} gave bytes with ${formatDigest(read)}, but its Glance says ${formatDigest(known)}`,
          {hint: 'the store behind its cloud has damaged it: verify --deep there says so, too'},
        );
      return facts;
    },
  };
}
