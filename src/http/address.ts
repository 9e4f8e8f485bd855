import {BlockList, isIPv4, isIPv6} from 'node:net';

/** What an address leads to. `metadata`: a service that hands out credentials, or a link-local neighbour; `local`: this host or its own networks. */
export type AddressKind = 'metadata' | 'local' | 'public';

type Net = readonly [net: string, bits: number];

/** Link-local networks, and the metadata addresses of clouds outside of them. */
const METADATA: readonly Net[] = [
  ['169.254.0.0', 16],
  ['100.100.100.200', 32], // Alibaba
  ['168.63.129.16', 32], // Azure
  ['192.0.0.192', 32], // Oracle
  ['fe80::', 10],
  ['fd00:ec2::', 32], // AWS
  ['fd20:ce::', 32], // Google
  ['fd00:c1::', 32], // Oracle
  ['fd00:42::', 32], // Scaleway
];

/** Loopback, unspecified, private, shared (CGNAT), for benchmarks, unique-local, site-local, for discarding, multicast, reserved. */
const LOCAL: readonly Net[] = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['224.0.0.0', 3],
  ['::', 128],
  ['::1', 128],
  ['100::', 64],
  ['2001:2::', 48],
  ['fc00::', 7],
  ['fec0::', 10],
  ['ff00::', 8],
];

const metadata = listOf(METADATA);
const local = listOf(LOCAL);

/**
 * Sorts an address as node:net writes it. An IPv6 address that carries an IPv4 address (mapped, compatible, translated, NAT64, 6to4,
 * Teredo, ISATAP) is as bad as the worst that it carries. What is no address is `metadata`: it must not be connected to.
 */
export function addressKind(address: string): AddressKind {
  const bare = address.split('%', 1)[0] ?? '';
  if (isIPv4(bare)) return kindIn(bare, 'ipv4');
  if (!isIPv6(bare)) return 'metadata';
  const kinds = [kindIn(bare, 'ipv6'), ...embedded(groupsOf(bare)).map((each) => kindIn(each, 'ipv4'))];
  return kinds.find((kind) => kind === 'metadata') ?? kinds.find((kind) => kind === 'local') ?? 'public';
}

function kindIn(address: string, family: 'ipv4' | 'ipv6'): AddressKind {
  if (metadata.check(address, family)) return 'metadata';
  return local.check(address, family) ? 'local' : 'public';
}

function listOf(nets: readonly Net[]): BlockList {
  const list = new BlockList();
  for (const [net, bits] of nets) list.addSubnet(net, bits, isIPv4(net) ? 'ipv4' : 'ipv6');
  return list;
}

/** Every IPv4 address that stands in an IPv6 address at a place where a translator or a tunnel would look for it. */
function embedded(groups: readonly number[]): string[] {
  const at = (index: number): number => groups[index] ?? 0;
  const last = dotted(at(6), at(7));
  const zeros = (count: number): boolean => groups.slice(0, count).every((group) => group === 0);
  // ::a.b.c.d, ::ffff:a.b.c.d, ::ffff:0:a.b.c.d (RFC 4291 2.5.5, RFC 2765); :: and ::1 are judged as they stand.
  if (zeros(6)) return at(6) === 0 ? [] : [last];
  if ((zeros(5) && at(5) === 0xffff) || (zeros(4) && at(4) === 0xffff && at(5) === 0)) return [last];
  const found: string[] = [];
  if (at(0) === 0x64 && at(1) === 0xff9b) found.push(...nat64(at, last));
  if (at(0) === 0x2002) found.push(dotted(at(1), at(2)));
  // Teredo: the server's address, and the client's with every bit turned (RFC 4380, 4).
  if (at(0) === 0x2001 && at(1) === 0) found.push(dotted(at(2), at(3)), dotted(at(6) ^ 0xffff, at(7) ^ 0xffff));
  if ((at(4) === 0 || at(4) === 0x200) && at(5) === 0x5efe) found.push(last);
  return found;
}

/** The well-known prefix has 96 bits; the one for local use (RFC 8215) any length that RFC 6052 knows from 48 on. */
function nat64(at: (index: number) => number, last: string): string[] {
  if (at(2) !== 1) return [last];
  const bytes = (...list: readonly number[]): string => list.join('.');
  const high = (group: number): number => group >> 8;
  const low = (group: number): number => group & 0xff;
  return [
    last,
    bytes(high(at(3)), low(at(3)), low(at(4)), high(at(5))),
    bytes(low(at(3)), low(at(4)), high(at(5)), low(at(5))),
    bytes(low(at(4)), high(at(5)), low(at(5)), high(at(6))),
  ];
}

function dotted(high: number, low: number): string {
  return [high >> 8, high & 0xff, low >> 8, low & 0xff].join('.');
}

/** The eight groups of an IPv6 address in any notation. */
function groupsOf(address: string): number[] {
  const plain = new URL(`http://[${address}]`).hostname.slice(1, -1);
  const [before = '', after] = plain.split('::');
  const numbers = (text: string): number[] => (text === '' ? [] : text.split(':').map((group) => parseInt(group, 16)));
  const head = numbers(before);
  const tail = after === undefined ? [] : numbers(after);
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}
