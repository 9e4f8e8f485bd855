import {
  type MethodDefinition,
  type ServerUnaryCall,
  type ServerWritableStream,
  type UntypedServiceImplementation,
  type handleUnaryCall,
} from '@grpc/grpc-js';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import type {Admission} from './admission.ts';
import type {ApiBackend} from './backend.ts';
import {ANSWERS, type Ask} from './calls.ts';
import {decode, encode} from './json.ts';
import {type FailedStatus, statusOf} from './status.ts';
import {METHODS, type Method} from './types.ts';

/** What methods work with. */
export interface MethodParts {
  readonly backend: ApiBackend;
  readonly admission: Admission;
  /** How long a call without a deadline may take, ms. */
  readonly longestMs: number;
}

/** A method as grpc-js takes it, with messages left as bytes: grpc-js answers INTERNAL to what cannot be decoded. */
export type RawMethod = MethodDefinition<Buffer, Buffer>;

/** The methods of a service, by name. */
export function rawService(service: string): Record<string, RawMethod> {
  const methods = [...METHODS.values()].filter((method) => method.service === service);
  return Object.fromEntries(methods.map((method) => [method.name, raw(method)]));
}

function raw({service, name, requestStream, responseStream}: Method): RawMethod {
  const asIs = (bytes: Buffer): Buffer => bytes;
  return {
    path: `/${service}/${name}`,
    ...{requestStream, responseStream},
    ...{requestSerialize: asIs, requestDeserialize: asIs, responseSerialize: asIs, responseDeserialize: asIs},
  };
}

/** The methods of a service that answer once. */
export function answeringMethods(service: string, parts: MethodParts): UntypedServiceImplementation {
  const answers = Object.entries(ANSWERS[service] ?? {});
  return Object.fromEntries(
    answers.map(([name, answer]) => {
      const {request, response} = methodOf(service, name);
      return [
        name,
        unary(async (call) => {
          const ended = signalOf(call, parts.longestMs);
          const caller = parts.admission.callerOf(call.metadata);
          const ask: Ask = (id, asked) => parts.backend.call(id, {...asked, caller, signal: ended});
          const json = await orEnded(answer(decode(request, call.request), ask), ended);
          return encode(response, json);
        }, parts.backend),
      ];
    }),
  );
}

/** The method of that name. */
export function methodOf(service: string, name: string): Method {
  const method = METHODS.get(`/${service}/${name}`);
  if (!method) throw new Error(`${service} has no ${name}`);
  return method;
}

/** A method that answers with bytes; what it throws becomes the status. */
export function unary(
  answer: (call: ServerUnaryCall<Buffer, Buffer>) => Promise<Buffer>,
  backend?: ApiBackend,
): handleUnaryCall<Buffer, Buffer> {
  return (call, callback) => {
    answer(call).then(
      (bytes) => callback(null, bytes),
      (error: unknown) => callback(backend ? failedStatus(call, error, backend) : statusOf(error)),
    );
  };
}

/** The status of a call that failed; a fault is reported. */
export function failedStatus(
  call: {readonly getPath: () => string},
  error: unknown,
  backend: Pick<ApiBackend, 'report'>,
): FailedStatus {
  if (asImgmgrError(error).code === 'INTERNAL') backend.report(call.getPath(), error);
  return statusOf(error);
}

/** Aborted when the client does not wait any more, its deadline has passed, or so many ms have. */
export function signalOf(
  call: ServerUnaryCall<Buffer, Buffer> | ServerWritableStream<Buffer, Buffer>,
  longestMs?: number,
): AbortSignal {
  const controller = new AbortController();
  call.once('cancelled', () => controller.abort());
  if (longestMs === undefined) return controller.signal;
  return AbortSignal.any([controller.signal, AbortSignal.timeout(longestMs)]);
}

async function orEnded<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  const late = (): ImgmgrError =>
    new ImgmgrError('TIMEOUT', 'the call took too long', {hint: 'what it started goes on; ask again'});
  if (signal.aborted) throw late();
  let stop = (): void => undefined;
  const ended = new Promise<never>((_, reject) => {
    stop = () => reject(late());
    signal.addEventListener('abort', stop, {once: true});
  });
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
