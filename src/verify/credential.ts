import {type ServerInterceptor, ServerInterceptingCall, status} from '@grpc/grpc-js';
import {MESSAGE_LIMIT, UNPROVEN_MESSAGE_LIMIT} from './protocol.ts';
import type {OpenTicket, TicketBook} from './ticket.ts';

/** What the check of credentials works with. */
export interface CredentialParts {
  readonly tickets: TicketBook;
  readonly onRefused: (reason: string) => void;
  readonly onAuthenticated: (peer: string, ticket: OpenTicket) => void;
}

/**
 * Looks at `authorization: Bearer TOKEN` before the message of a call is read: a right token keeps the connection's place, a wrong one
 * ends the call. Older agents show the token in the message alone: theirs may have {@link UNPROVEN_MESSAGE_LIMIT} bytes.
 */
export function credentialCheck({tickets, onRefused, onAuthenticated}: CredentialParts): ServerInterceptor {
  return (_method, call) => {
    let limit = UNPROVEN_MESSAGE_LIMIT;
    let over = false;
    const refuse = (code: status, details: string, reason: string): void => {
      over = true;
      onRefused(`${reason} from ${call.getPeer()}`);
      call.sendStatus({code, details});
    };
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            const shown = metadata.get('authorization')[0];
            if (shown === undefined) {
              pass(metadata);
              return;
            }
            const token = typeof shown === 'string' ? /^Bearer ([0-9a-f]{64})$/.exec(shown)?.[1] : undefined;
            const ticket = tickets.byToken(token ?? '');
            if (!ticket) {
              refuse(status.UNAUTHENTICATED, 'not expected here', 'a wrong token');
              return;
            }
            limit = MESSAGE_LIMIT;
            onAuthenticated(call.getPeer(), ticket);
            pass(metadata);
          },
          onReceiveMessage: (message: Buffer, pass) => {
            if (over) return;
            if (message.length <= limit) pass(message);
            else
              refuse(
                status.RESOURCE_EXHAUSTED,
                `the message is larger than ${limit} bytes`,
                `a message of ${message.length} bytes`,
              );
          },
          onReceiveHalfClose: (pass) => {
            if (!over) pass();
          },
        }),
    });
  };
}
