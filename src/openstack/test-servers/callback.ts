import {createSocket} from 'node:dgram';
import {BlockList, isIPv6} from 'node:net';
import {networkInterfaces} from 'node:os';
import type {Callback} from '../../ports/test-server-host.ts';
import {ImgmgrError} from '../../errors.ts';

/** This host's own addresses, as far as the callback needs them. */
export interface OwnAddresses {
  /** Of all interfaces but loopback and link-local ones. */
  all(): readonly string[];
  /** The one from which packets to that host would go; undefined where there is no route. */
  towards(host: string, port: number): Promise<string | undefined>;
}

/** The addresses of the host that we run on; nothing is sent to find them. */
export const thisHost: OwnAddresses = {
  all: () =>
    Object.values(networkInterfaces())
      .flatMap((addresses) => addresses ?? [])
      .filter(({internal, address}) => !internal && !/^(fe80|169\.254\.)/i.test(address))
      .map(({address}) => address),
  towards: (host, port) =>
    new Promise((resolve) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const end = (address: string | undefined): void => {
        socket.close();
        resolve(address);
      };
      socket.once('error', () => end(undefined));
      // A connected datagram socket has been given its source address by the routing table.
      socket.connect(port, host, () => end(socket.address().address));
    }),
};

/**
 * An own address in one of the network's subnets, else the one that leads to the cloud's endpoint. UNSUPPORTED when that is a
 * loopback address, as with a cloud on this very host, which guests cannot call.
 */
export async function findCallback(input: {
  readonly own: OwnAddresses;
  readonly subnets: readonly string[];
  readonly endpoint: string;
}): Promise<Callback> {
  const {own, subnets, endpoint} = input;
  const inside = subnetList(subnets);
  const direct = own.all().find((address) => inside.check(address, familyOf(address)));
  if (direct !== undefined) return {host: direct, bind: direct};
  const {hostname, port, protocol} = new URL(endpoint);
  const target = hostname.replace(/^\[|\]$/g, '');
  const routed = await own.towards(target, Number(port) || (protocol === 'https:' ? 443 : 80));
  if (routed === undefined || isLoopback(routed))
    throw new ImgmgrError(
      'UNSUPPORTED',
      `cannot determine at which address guests reach this host (${routed ?? 'no route'})`,
      {
        hint: 'name one with --advertise HOST[:PORT]',
      },
    );
  return {host: routed, bind: isIPv6(routed) ? '::' : '0.0.0.0'};
}

function subnetList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits = ''] = cidr.split('/');
    list.addSubnet(address, Number(bits), familyOf(address));
  }
  return list;
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

function familyOf(address: string): 'ipv4' | 'ipv6' {
  return isIPv6(address) ? 'ipv6' : 'ipv4';
}
