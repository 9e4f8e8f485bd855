import type {IncomingMessage} from 'node:http';
import {BlockList, isIP} from 'node:net';
import {statSync} from 'node:fs';
import {readOperators} from '../../config/operators.ts';
import type {Operators} from '../../config/operators.ts';
import {ImgmgrError} from '../../errors.ts';
import type {Identity} from './identity.ts';

/** A proxy that logs users in, as the flags name it. */
export interface ProxyChoice {
  /** Where its connections come from. */
  readonly from: readonly string[];
  /** The header in which it names the user. */
  readonly header: string;
  /** The file that says who is an operator. */
  readonly operators: string;
}

/** How often the file of operators is looked at; milliseconds. */
const LOOK_MS = 5000;

/** Users whom a proxy names; its header counts for connections that come from its addresses, and for no other. */
export class ProxyUsers {
  readonly #from: BlockList;
  readonly #choice: ProxyChoice;
  readonly #warn: (text: string) => void;
  #operators: Operators;
  #seen: string;
  #lookAtMs = 0;

  /** CONFIG where the file of operators is wrong, USAGE where an address is none. */
  constructor(choice: ProxyChoice, warn: (text: string) => void) {
    this.#choice = choice;
    this.#warn = warn;
    this.#from = blockList(choice.from);
    this.#operators = readOperators(choice.operators);
    this.#seen = seenAt(choice.operators);
  }

  /** Undefined where the connection is not the proxy's, or it names nobody, or somebody who may nothing. `address`: of the other end. */
  identify({headersDistinct}: IncomingMessage, address: string): Identity | undefined {
    if (!this.isFrom(address)) return undefined;
    const [user, ...more] = headersDistinct[this.#choice.header.toLowerCase()] ?? [];
    if (user === undefined || user === '' || user.length > 200 || more.length > 0) return undefined;
    const {operators, viewers} = this.#current();
    if (operators.has(user)) return {user, role: 'operator', by: 'proxy'};
    return viewers && !viewers.has(user) ? undefined : {user, role: 'viewer', by: 'proxy'};
  }

  /** True for an address of the proxy. */
  isFrom(address: string): boolean {
    // Behind % is the interface by which a link-local address is reached.
    const [bare = ''] = address.split('%', 1);
    const plain = bare.startsWith('::ffff:') && isIP(bare.slice(7)) === 4 ? bare.slice(7) : bare;
    const family = isIP(plain);
    return family !== 0 && this.#from.check(plain, family === 6 ? 'ipv6' : 'ipv4');
  }

  #current(): Operators {
    const now = performance.now();
    if (now < this.#lookAtMs) return this.#operators;
    this.#lookAtMs = now + LOOK_MS;
    const {operators: path} = this.#choice;
    const seen = seenAt(path);
    if (seen === this.#seen) return this.#operators;
    this.#seen = seen;
    try {
      this.#operators = readOperators(path);
    } catch (error) {
      // Nobody is let in by an old list.
      this.#operators = {operators: new Set(), viewers: new Set()};
      this.#warn(`${error instanceof Error ? error.message : String(error)}: no user of the proxy is let in`);
    }
    return this.#operators;
  }
}

function seenAt(path: string): string {
  const stats = statSync(path, {throwIfNoEntry: false});
  return stats ? [stats.ino, stats.mtimeMs, stats.size].join(' ') : '';
}

function blockList(cidrs: readonly string[]): BlockList {
  const list = new BlockList();
  for (const cidr of cidrs) {
    const [address = '', bits, ...more] = cidr.split('/');
    const family = isIP(address);
    const longest = family === 6 ? 128 : 32;
    const prefix = bits === undefined ? longest : /^\d{1,3}$/.test(bits) ? Number(bits) : Infinity;
    if (family === 0 || prefix > longest || more.length > 0)
      throw new ImgmgrError('USAGE', `--behind-proxy takes an address or a network, not "${cidr}"`, {
        hint: 'for example 192.0.2.7, 10.1.0.0/16 or 2001:db8::/64',
      });
    list.addSubnet(address, prefix, family === 6 ? 'ipv6' : 'ipv4');
  }
  return list;
}
