import {lookup as systemLookup} from 'node:dns';
import type {LookupAddress} from 'node:dns';
import {isIP} from 'node:net';
import type {LookupFunction} from 'node:net';

/** Why an address must not be connected to; undefined where it may. */
export type JudgeAddress = (address: string) => Error | undefined;

/** What a name is resolved and its addresses are judged with. */
export interface Judging {
  readonly lookup: LookupFunction;
  readonly judge: JudgeAddress;
  /** Called with the reason when a name is refused, before the connection fails. */
  readonly refused: (reason: Error) => void;
}

/** The resolver of the system, as node:net uses it. */
export const SYSTEM_LOOKUP: LookupFunction = (host, options, done) => {
  systemLookup(host, options, done);
};

/**
 * A lookup for one connection: what it answers is judged here and connected to by node:net, which asks nobody else. One bad address
 * among several refuses the name, since a server that mixes them decides which one is reached.
 */
export function judgedLookup({lookup, judge, refused}: Judging): LookupFunction {
  return (host, options, done) => {
    lookup(host, options, (error, found, family) => {
      const reason = error ? undefined : firstReason(found, judge);
      if (reason === undefined) {
        done(error, found, family);
        return;
      }
      refused(reason);
      done(reason, options.all === true ? [] : '', family);
    });
  };
}

/** The reason against a host that is written as an address, in any notation that a URL takes; undefined for names. */
export function judgeLiteral(url: string, judge: JudgeAddress): Error | undefined {
  const host = hostOf(url);
  return isIP(host) === 0 ? undefined : judge(host);
}

/** The reason against a host that a proxy will resolve, as far as this host's resolver knows; a name unknown here passes. */
export async function judgeByOwnResolver(
  url: string,
  {lookup, judge}: Pick<Judging, 'lookup' | 'judge'>,
): Promise<Error | undefined> {
  const host = hostOf(url);
  if (isIP(host) !== 0) return judge(host);
  return new Promise((resolve) => {
    lookup(host, {all: true}, (error, found) => resolve(error ? undefined : firstReason(found, judge)));
  });
}

function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[|\]$/g, '');
}

function firstReason(found: string | readonly LookupAddress[], judge: JudgeAddress): Error | undefined {
  const addresses = typeof found === 'string' ? [found] : found.map(({address}) => address);
  for (const address of addresses) {
    const reason = judge(address);
    if (reason !== undefined) return reason;
  }
  return undefined;
}
