import {once} from 'node:events';
import {type handleBidiStreamingCall, status} from '@grpc/grpc-js';
import {decode, encode} from './json.ts';
import {type MethodParts, failedStatus} from './methods.ts';
import {FILES} from './types.ts';

/** `grpc.reflection.v1.ServerReflection`: the files of proto/ for tools that have none. Role: metrics, as for the OpenAPI document. */
export function reflectionMethod(
  services: readonly string[],
  {backend, admission}: MethodParts,
): handleBidiStreamingCall<Buffer, Buffer> {
  return (call) => {
    const answerAll = async (): Promise<void> => {
      const controller = new AbortController();
      call.once('cancelled', () => controller.abort());
      const caller = admission.callerOf(call.metadata);
      await backend.call('session', {caller, signal: controller.signal});
      for await (const bytes of call as AsyncIterable<Buffer>)
        if (!call.write(answer(bytes, services))) await once(call, 'drain', {signal: controller.signal});
      call.end();
    };
    answerAll().catch((error: unknown) => call.emit('error', failedStatus(call, error, backend)));
  };
}

interface Request {
  readonly fileByFilename?: string;
  readonly fileContainingSymbol?: string;
  readonly listServices?: string;
}

function answer(bytes: Buffer, services: readonly string[]): Buffer {
  const request = decode('grpc.reflection.v1.ServerReflectionRequest', bytes) as Request;
  const response = {originalRequest: request, ...answerOf(request, services)};
  return encode('grpc.reflection.v1.ServerReflectionResponse', response);
}

function answerOf({fileByFilename, fileContainingSymbol, listServices}: Request, services: readonly string[]): object {
  if (listServices !== undefined) return {listServicesResponse: {service: services.map((name) => ({name}))}};
  const name = fileByFilename ?? (fileContainingSymbol === undefined ? undefined : fileOf(fileContainingSymbol));
  if (name !== undefined && Object.hasOwn(FILES, name))
    return {fileDescriptorResponse: {fileDescriptorProto: withImports(name)}};
  const asked = fileByFilename ?? fileContainingSymbol;
  return asked === undefined
    ? {errorResponse: {errorCode: status.UNIMPLEMENTED, errorMessage: 'there are no extensions'}}
    : {errorResponse: {errorCode: status.NOT_FOUND, errorMessage: 'there is no such file or symbol'}};
}

/** The file, then those that it imports, each once. */
function withImports(name: string): readonly Buffer[] {
  const names = new Set([name]);
  for (const one of names) for (const imported of FILES[one]?.imports ?? []) names.add(imported);
  return [...names].map((one) => Buffer.from(FILES[one]?.bytes ?? '', 'base64'));
}

/** Longest name of a symbol that is looked for, characters. */
const LONGEST = 500;

/** The file that declares a service, method, message, enum or field, by its full name. */
function fileOf(symbol: string): string | undefined {
  if (symbol.length > LONGEST) return undefined;
  for (let name = symbol; name !== ''; name = name.slice(0, Math.max(0, name.lastIndexOf('.')))) {
    const found = Object.entries(FILES).find(([, {symbols}]) => symbols.includes(name));
    if (found) return found[0];
  }
  return undefined;
}
