import {isIP} from 'node:net';

/** Within this time failures are counted. */
const WINDOW_MS = 60_000;
/** So many of one address close it for the rest of the time. */
const MOST_OF_ONE = 20;
/** So many of all close it for every address that failed at all. */
const MOST_OF_ALL = 500;
const MOST_ADDRESSES = 10_000;

/** What counts as one: of IPv6 the first half, the other half of which belongs to one network, often to one host. */
function networkOf(address: string): string {
  const [plain = ''] = address.split('%', 1);
  if (isIP(plain) !== 6 || plain.includes('.')) return address;
  const [head = '', tail] = plain.split('::');
  const [first, last] = [head, tail ?? ''].map((part) => part.split(':').filter((group) => group !== ''));
  const zeros = tail === undefined ? 0 : 8 - (first?.length ?? 0) - (last?.length ?? 0);
  return [...(first ?? []), ...Array<string>(zeros).fill('0'), ...(last ?? [])].slice(0, 4).join(':');
}

/** Failed logins and calls without a valid token, by address. Secrets have 256 bits, so this keeps the load small, not the secrets safe. */
export class Attempts {
  readonly #now: () => number;
  readonly #failures = new Map<string, number>();
  #all = 0;
  #sinceMs = 0;

  /** `now`: milliseconds of a clock that never goes back. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds until the address may try again; 0: at once. */
  waitOf(address: string): number {
    this.#turn();
    const own = this.#failures.get(networkOf(address)) ?? 0;
    const isClosed = own >= MOST_OF_ONE || (own > 0 && this.#all >= MOST_OF_ALL);
    return isClosed ? Math.max(1, Math.ceil((this.#sinceMs + WINDOW_MS - this.#now()) / 1000)) : 0;
  }

  failed(address: string): void {
    this.#turn();
    this.#all += 1;
    const network = networkOf(address);
    const own = this.#failures.get(network);
    if (own === undefined && this.#failures.size >= MOST_ADDRESSES) return;
    this.#failures.set(network, (own ?? 0) + 1);
  }

  #turn(): void {
    const now = this.#now();
    if (now - this.#sinceMs < WINDOW_MS) return;
    this.#sinceMs = now;
    this.#all = 0;
    this.#failures.clear();
  }
}
