import {Client, type ChannelCredentials, Metadata, type ServiceError, credentials} from '@grpc/grpc-js';
import {MESSAGES, METHODS, codecOf} from '../../../src/api/types.ts';

/** A message as proto-loader has it, names as in proto/. */
export type Message = Readonly<Record<string, unknown>>;

/** What a call is made with besides its request. */
export interface CallOptions {
  readonly token?: string;
  readonly deadlineMs?: number;
  /** These bytes instead of the request. */
  readonly bytes?: Buffer;
}

/** A client of grpc-js that knows every method by its path. */
export class ApiClient {
  readonly #client: Client;

  constructor(port: number, secure: ChannelCredentials = credentials.createInsecure(), options: object = {}) {
    this.#client = new Client(`localhost:${port}`, secure, options);
  }

  /** The response; rejects with a ServiceError. */
  call(path: string, request: Message = {}, options: CallOptions = {}): Promise<Message> {
    const {serialize, deserialize} = codecs(path, options);
    return new Promise((resolve, reject) => {
      const done = (error: ServiceError | null, response?: Message): void =>
        error ? reject(error) : resolve(response ?? {});
      this.#client.makeUnaryRequest(
        path,
        serialize,
        deserialize,
        request,
        metadataOf(options),
        settings(options),
        done,
      );
    });
  }

  /** A stream of responses. */
  stream(path: string, request: Message = {}, options: CallOptions = {}) {
    const {serialize, deserialize} = codecs(path, options);
    return this.#client.makeServerStreamRequest(
      ...([path, serialize, deserialize, request, metadataOf(options), settings(options)] as const),
    );
  }

  /** A stream both ways. */
  both(path: string, options: CallOptions = {}) {
    const {serialize, deserialize} = codecs(path, options);
    return this.#client.makeBidiStreamRequest(path, serialize, deserialize, metadataOf(options), settings(options));
  }

  close(): void {
    this.#client.close();
  }
}

function codecs(path: string, {bytes}: CallOptions) {
  const method = METHODS.get(path);
  const request = codecOf(method?.request ?? '');
  const response = codecOf(method?.response ?? '');
  if (!MESSAGES.has(method?.request ?? '')) throw new Error(`no method ${path}`);
  return {
    serialize: (message: Message): Buffer => bytes ?? request.serialize(message),
    deserialize: (answer: Buffer): Message => response.deserialize(answer) as Message,
  };
}

function metadataOf({token}: CallOptions): Metadata {
  const metadata = new Metadata();
  if (token !== undefined) metadata.set('authorization', `Bearer ${token}`);
  return metadata;
}

function settings({deadlineMs}: CallOptions): {readonly deadline?: number} {
  return deadlineMs === undefined ? {} : {deadline: Date.now() + deadlineMs};
}

/** Our code, the hint and what else stands in the details of a failed call. */
export function detailsOf(error: unknown): Message {
  const [bytes] = (error as ServiceError).metadata.get('grpc-status-details-bin');
  const {details} = codecOf('google.rpc.Status').deserialize(bytes as Buffer) as {readonly details: readonly Message[]};
  return codecOf('google.rpc.ErrorInfo').deserialize(details[0]?.['value'] as Buffer) as Message;
}
