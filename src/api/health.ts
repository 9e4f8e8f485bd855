import {type ServerWritableStream, status} from '@grpc/grpc-js';
import {ImgmgrError} from '../errors.ts';
import {decode, encode} from './json.ts';
import {unary} from './methods.ts';
import {statusOf} from './status.ts';

const REQUEST = 'grpc.health.v1.HealthCheckRequest';
const RESPONSE = 'grpc.health.v1.HealthCheckResponse';

/** Watchers of health, at most: anybody may watch. */
const WATCHERS = 100;

type Watcher = ServerWritableStream<Buffer, Buffer>;

/** `grpc.health.v1.Health` for these services and the whole (`""`): they serve until they are closed. It says nothing else, to everybody. */
export class Health {
  readonly #services: ReadonlySet<string>;
  readonly #watchers = new Map<Watcher, string>();
  #closing = false;

  constructor(services: readonly string[]) {
    this.#services = new Set(['', ...services]);
  }

  readonly methods = {
    Check: unary(async ({request}) => {
      const {service = ''} = await asked(request);
      if (this.#services.has(service)) return encode(RESPONSE, this.#stateOf(service));
      throw new ImgmgrError('NOT_FOUND', `there is no service ${JSON.stringify(service.slice(0, 100))}`);
    }),
    List: unary(async () => {
      const states = [...this.#services].map((service): [string, object] => [service, this.#stateOf(service)]);
      const statuses = Object.fromEntries(states);
      return Promise.resolve(encode('grpc.health.v1.HealthListResponse', {statuses}));
    }),
    Watch: (call: Watcher): void => {
      asked(call.request).then(
        ({service = ''}) => this.#watch(call, service),
        (error: unknown) => call.emit('error', statusOf(error)),
      );
    },
  };

  /** Says to all watchers that calls are no longer taken, and ends their calls. */
  close(): void {
    this.#closing = true;
    for (const [call, service] of this.#watchers) {
      call.write(encode(RESPONSE, this.#stateOf(service)));
      call.emit('error', {code: status.UNAVAILABLE, details: 'the server ends'});
    }
    this.#watchers.clear();
  }

  #watch(call: Watcher, service: string): void {
    if (this.#watchers.size >= WATCHERS) {
      call.emit('error', statusOf(new ImgmgrError('LIMIT', 'too many watchers of health', {hint: 'use Check'})));
      return;
    }
    this.#watchers.set(call, service);
    call.once('cancelled', () => this.#watchers.delete(call));
    call.write(encode(RESPONSE, this.#stateOf(service)));
  }

  #stateOf(service: string): object {
    if (!this.#services.has(service)) return {status: 'service-unknown'};
    return {status: this.#closing ? 'not-serving' : 'serving'};
  }
}

function asked(bytes: Buffer): Promise<{readonly service?: string}> {
  return new Promise((resolve) => resolve(decode(REQUEST, bytes)));
}
