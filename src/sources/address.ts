import {ImgmgrError} from '../errors.ts';
import {addressKind} from '../http.ts';
import type {AddressKind} from '../http.ts';
import {showUrl} from './show-url.ts';

/** One address of a way, as it is judged. */
export interface Hop {
  readonly url: URL;
  /** Where a redirect came from; absent: the definition or the operator named the address. */
  readonly from?: {readonly url: URL; readonly kind: AddressKind};
  /** Redirects may lead to this host and to private networks (`--allow-private-sources`). */
  readonly allowPrivate: boolean;
}

/** Judges the addresses that a hop connects to, and remembers what they were. */
export interface HopJudge {
  readonly judge: (address: string) => ImgmgrError | undefined;
  /** The worst kind that was seen; `public` before anything was. */
  readonly kind: () => AddressKind;
}

const SCHEMES: ReadonlySet<string> = new Set(['http:', 'https:']);

/**
 * Names by which clouds offer their metadata service, which a proxy may know where this host does not: of Google, AWS (EC2), Azure,
 * Tencent, Equinix.
 */
const METADATA_NAMES: ReadonlySet<string> = new Set([
  'metadata',
  'metadata.goog',
  'metadata.google.internal',
  'instance-data',
  'instance-data.ec2.internal',
  'metadata.azure.com',
  'metadata.azure.internal',
  'metadata.tencentyun.com',
  'metadata.platformequinix.com',
]);

/** Refuses what no hop may be, whatever it resolves to: another scheme than http and https, the name of a metadata service, credentials in the address. */
export function checkHop({url}: Pick<Hop, 'url'>): void {
  if (METADATA_NAMES.has(url.hostname.replace(/\.$/, '')))
    throw refused(url, 'is the name of a metadata service', 'such services serve credentials, not images');
  if (!SCHEMES.has(url.protocol)) throw refused(url, `uses ${url.protocol}, which is not read from here`);
  if (url.username !== '' || url.password !== '')
    throw refused(url, 'carries credentials', 'keep credentials out of addresses: Glance stores and shows them');
}

/**
 * Refuses link-local and metadata addresses always, and for a redirect also this host and private networks, unless they are allowed or
 * the redirect stays with a server that is there already.
 */
export function hopJudge(hop: Hop): HopJudge {
  const trusted =
    hop.from === undefined || hop.allowPrivate || (hop.from.kind === 'local' && staysWith(hop.from.url, hop.url));
  let seen: AddressKind = 'public';
  return {
    judge(address) {
      const kind = addressKind(address);
      if (kind === 'metadata')
        return refused(
          hop.url,
          `leads to the link-local or metadata address ${address}`,
          'such addresses serve credentials, not images',
        );
      if (kind === 'local') seen = 'local';
      if (kind !== 'local' || trusted) return undefined;
      return refused(
        hop.url,
        `is a redirect to the private address ${address}`,
        'a redirect could reach services of this host or network; name that address as url, or allow it with --allow-private-sources',
      );
    },
    kind: () => seen,
  };
}

/** The same server: the same origin, or its https in place of its http. */
function staysWith(from: URL, to: URL): boolean {
  if (from.origin === to.origin) return true;
  return (
    from.hostname === to.hostname &&
    from.protocol === 'http:' &&
    from.port === '' &&
    to.protocol === 'https:' &&
    to.port === ''
  );
}

function refused(url: URL, why: string, hint?: string): ImgmgrError {
  return new ImgmgrError('SOURCE_REFUSED', `${showUrl(url.href)} ${why}`, hint === undefined ? {} : {hint});
}
