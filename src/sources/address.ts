import type {LookupAddress} from 'node:dns';
import {lookup} from 'node:dns/promises';
import {BlockList, isIPv4, isIPv6} from 'node:net';
import {ImgmgrError} from '../errors.ts';
import {showUrl} from './place.ts';

/** Where clouds keep the credentials of the machine that asks: link-local addresses, and AWS's in IPv6. */
const forbidden = new BlockList();
forbidden.addSubnet('169.254.0.0', 16, 'ipv4');
forbidden.addSubnet('fe80::', 10, 'ipv6');
forbidden.addAddress('fd00:ec2::254', 'ipv6');

/** Gives all addresses of a host name. */
export type Resolve = (host: string) => Promise<readonly string[]>;

/** The system's resolver; an unknown name has no addresses (the request itself will tell). */
export async function resolveHost(host: string): Promise<readonly string[]> {
  try {
    return (await lookup(host, {all: true})).map(({address}: LookupAddress) => address);
  } catch {
    return [];
  }
}

/**
 * Refuses what no hop may be: another scheme than http and https, credentials in the address, a link-local or metadata
 * address (also in decimal, hexadecimal or v4-mapped dress, and behind a name). Private addresses are allowed: mirrors live there.
 */
export async function checkHop(url: URL, resolve: Resolve): Promise<void> {
  if (url.protocol !== 'http:' && url.protocol !== 'https:')
    throw refused(url, `uses ${url.protocol}, which is not read from here`);
  if (url.username !== '' || url.password !== '')
    throw refused(url, 'carries credentials', 'keep credentials out of addresses: Glance stores and shows them');
  // The parser has already turned 2130706433 and 0x7f000001 into dotted form.
  const host = url.hostname.replace(/^\[|\]$/g, '');
  const addresses = isIPv4(host) || isIPv6(host) ? [host] : await resolve(host);
  const bad = addresses.find(isForbidden);
  if (bad !== undefined)
    throw refused(url, `leads to the link-local address ${bad}`, 'such addresses serve credentials, not images');
}

/** True for link-local and metadata addresses. */
export function isForbidden(address: string): boolean {
  // BlockList sees through v4-mapped addresses.
  return forbidden.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}

function refused(url: URL, why: string, hint?: string): ImgmgrError {
  return new ImgmgrError('SOURCE_REFUSED', `${showUrl(url.href)} ${why}`, hint === undefined ? {} : {hint});
}
