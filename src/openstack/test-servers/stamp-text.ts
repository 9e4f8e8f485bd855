import type {ServerStamp} from '../../ports/test-server-host.ts';

/** What every name of ours begins with; the servers' listing is filtered by it. */
export const NAME_PREFIX = 'imgmgr-';

/** The longest metadata value of Nova and Cinder and the longest description of Neutron, characters. */
const LONGEST = 255;
const MARK = 'imgmgr-test';

/** The stamp as metadata of a server or a volume. */
export function stampMetadata(stamp: ServerStamp): Record<string, string> {
  return {
    imgmgr_run: stamp.run,
    imgmgr_image: stamp.image,
    imgmgr_expires: stamp.expires,
    imgmgr_holder: shortHolder(stamp.holder, LONGEST),
  };
}

/** The stamp in metadata; undefined unless all of it is there. */
export function stampOfMetadata(metadata: Readonly<Record<string, string>>): ServerStamp | undefined {
  const {imgmgr_run: run, imgmgr_image: image, imgmgr_expires: expires, imgmgr_holder: holder} = metadata;
  if (run === undefined || image === undefined || expires === undefined || holder === undefined) return undefined;
  return whole({run, image, expires, holder});
}

/** The stamp as a description of Neutron's: `imgmgr-test RUN IMAGE EXPIRES HOLDER`. */
export function stampDescription({run, image, expires, holder}: ServerStamp): string {
  const head = [MARK, run, image, expires, ''].join(' ');
  return `${head}${shortHolder(holder, LONGEST - head.length)}`;
}

/** The stamp in a description; undefined unless all of it is there. */
export function stampOfDescription(description: string | null | undefined): ServerStamp | undefined {
  const [mark, run, image, expires, ...holder] = (description ?? '').split(' ');
  if (mark !== MARK || run === undefined || image === undefined || expires === undefined) return undefined;
  return whole({run, image, expires, holder: holder.join(' ')});
}

function whole(stamp: ServerStamp): ServerStamp | undefined {
  const isWhole =
    Object.values(stamp).every((value: string) => value !== '') && !Number.isNaN(Date.parse(stamp.expires));
  return isWhole ? stamp : undefined;
}

// Only the host's name may lose letters: then it is no host that anybody knows, and only the expiry decides.
function shortHolder(holder: string, longest: number): string {
  if (holder.length <= longest) return holder;
  const [host = '', ...rest] = holder.split(' ');
  const tail = rest.join(' ');
  return `${host.slice(0, Math.max(1, longest - tail.length - 1))} ${tail}`;
}
