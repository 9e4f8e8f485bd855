import type http from 'node:http';
import type {LookupFunction} from 'node:net';
import {judgedLookup} from './judged-lookup.ts';
import type {JudgeAddress} from './judged-lookup.ts';

/** A request about to be opened. */
export interface Guarding {
  readonly lookup: LookupFunction;
  /** Undefined: any address may be connected to. */
  readonly judge: JudgeAddress | undefined;
  /** Called with the reason when an address is refused; has to drop the connection. */
  readonly refused: (reason: Error) => void;
  readonly open: (lookup: LookupFunction) => http.ClientRequest;
}

/** Opens a request whose addresses are judged: those that the lookup gives, and that of a kept connection, which had no lookup. */
export function guarded({lookup, judge, refused, open}: Guarding): http.ClientRequest {
  if (judge === undefined) return open(lookup);
  const wire = open(judgedLookup({lookup, judge, refused}));
  // Before the request is written: node:http sends nothing until this event was dealt with.
  wire.once('socket', (socket) => {
    const look = (): void => {
      const reason = socket.remoteAddress === undefined ? undefined : judge(socket.remoteAddress);
      if (reason !== undefined) refused(reason);
    };
    if (socket.connecting) socket.once('connect', look);
    else look();
  });
  return wire;
}
