import {type Metadata, type ServerInterceptor, ServerInterceptingCall} from '@grpc/grpc-js';
import {ImgmgrError} from '../errors.ts';
import {CallError} from '../server/errors.ts';
import type {ApiBackend, Caller} from './backend.ts';
import {statusOf} from './status.ts';

/** Who makes each call that was let in, by the metadata that it came with. */
export class Admission {
  readonly #callers = new WeakMap<Metadata, Caller>();
  readonly #backend: Pick<ApiBackend, 'authenticate'>;
  readonly #patienceMs: number;

  /** `patienceMs`: how long the message of a call may take to come. */
  constructor(backend: Pick<ApiBackend, 'authenticate'>, patienceMs: number) {
    this.#backend = backend;
    this.#patienceMs = patienceMs;
  }

  /** The caller; AUTH where nobody was let in. */
  callerOf(metadata: Metadata): Caller {
    const caller = this.#callers.get(metadata);
    if (caller) return caller;
    throw new CallError(401, {code: 'AUTH', message: 'nobody is known'}, {hint: 'send `authorization: Bearer TOKEN`'});
  }

  /** Asks for the token before the message of a call is read; calls of `grpc.health.v1` need none. */
  readonly interceptor: ServerInterceptor = (method, call) => {
    let over = false;
    const refuse = (error: unknown): void => {
      if (over) return;
      over = true;
      call.sendStatus(statusOf(error));
    };
    const timer = setTimeout(
      () => refuse(new ImgmgrError('TIMEOUT', 'the message of the call did not come', {hint: 'send it at once'})),
      this.#patienceMs,
    );
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata: (metadata, pass) => {
            if (method.path.startsWith('/grpc.health.v1.')) {
              pass(metadata);
              return;
            }
            try {
              const address = addressOf(call.getPeer());
              this.#callers.set(metadata, this.#backend.authenticate({authorization: shown(metadata), address}));
            } catch (error) {
              clearTimeout(timer);
              refuse(error);
              return;
            }
            pass(metadata);
          },
          onReceiveMessage: (message: unknown, pass) => {
            clearTimeout(timer);
            if (!over) pass(message);
          },
          onReceiveHalfClose: (pass) => {
            clearTimeout(timer);
            if (!over) pass();
          },
          onCancel: () => {
            clearTimeout(timer);
            over = true;
          },
        }),
    });
  };
}

function shown(metadata: Metadata): string | undefined {
  const [value] = metadata.get('authorization');
  return typeof value === 'string' ? value : undefined;
}

/** `127.0.0.1:50123` or `::1:50123` without the port, which is another one for each connection. */
function addressOf(peer: string): string {
  return peer.replace(/:\d{1,5}$/, '');
}
