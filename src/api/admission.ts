import {type Metadata, type ServerInterceptor, ServerInterceptingCall} from '@grpc/grpc-js';
import {ImgmgrError} from '../errors.ts';
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
    if (!caller) throw new ImgmgrError('AUTH', 'no token', {hint: 'send `authorization: Bearer TOKEN`'});
    return caller;
  }

  /** Looks at the token again; AUTH when it is over. */
  async again(metadata: Metadata, peer: string): Promise<void> {
    await this.#backend.authenticate({authorization: shown(metadata), peer});
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
            this.#backend.authenticate({authorization: shown(metadata), peer: call.getPeer()}).then(
              (caller) => {
                if (over) return;
                this.#callers.set(metadata, caller);
                pass(metadata);
              },
              (error: unknown) => {
                clearTimeout(timer);
                refuse(error);
              },
            );
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
