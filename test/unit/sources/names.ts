import type {LookupFunction} from 'node:net';
import {isIPv6} from 'node:net';
import {onTestFinished} from 'vitest';
import type {Http} from '../../../src/http.ts';
import {createHttp} from '../../../src/http.ts';
import type {HttpOptions} from '../../../src/http.ts';

/** A client with a resolver of its own: per name the answers in order, the last one for ever; unknown names are not found. */
export function resolving(
  names: Readonly<Record<string, readonly (readonly string[])[]>>,
  options: Partial<HttpOptions> = {},
): {readonly http: Http; readonly asked: readonly string[]} {
  const asked: string[] = [];
  const lookup: LookupFunction = (host, {all}, done) => {
    const before = asked.filter((name) => name === host).length;
    asked.push(host);
    const answers = names[host];
    const answer = answers?.[Math.min(before, answers.length - 1)];
    const [first] = answer ?? [];
    if (answer === undefined || first === undefined)
      done(Object.assign(new Error(`getaddrinfo ENOTFOUND ${host}`), {code: 'ENOTFOUND'}), '', 4);
    else if (all === true)
      done(
        null,
        answer.map((address) => ({address, family: familyOf(address)})),
      );
    else done(null, first, familyOf(first));
  };
  const http = createHttp({proxy: 'none', lookup, ...options});
  onTestFinished(() => http.close());
  return {http, asked};
}

function familyOf(address: string): number {
  return isIPv6(address) ? 6 : 4;
}
