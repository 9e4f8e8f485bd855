import {type MessageTypeDefinition, type PackageDefinition, fromJSON} from '@grpc/proto-loader';
import descriptor from './api-proto.json' with {type: 'json'};

/** A field of a message. */
export interface Field {
  /** As proto/ has it. */
  readonly name: string;
  /** As JSON has it. */
  readonly jsonName: string;
  readonly id: number;
  /** A scalar, or the full name of a message or enum. */
  readonly type: string;
  readonly form: 'single' | 'repeated' | 'map';
}

/** A message: its fields by number. */
export interface Message {
  readonly name: string;
  readonly fields: ReadonlyMap<number, Field>;
}

/** An enum: its words without the prefix of its name, `RUN_STATE_LOST` as `LOST`. */
export interface Enum {
  readonly prefix: string;
  readonly words: readonly string[];
}

/** A method of a service. */
export interface Method {
  readonly service: string;
  readonly name: string;
  readonly request: string;
  readonly response: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

interface Nested {
  readonly nested?: Readonly<Record<string, Nested>>;
  readonly fields?: Readonly<Record<string, {readonly type: string; readonly id: number} & Shape>>;
  readonly values?: Readonly<Record<string, number>>;
  readonly methods?: Readonly<Record<string, NestedMethod>>;
}

interface Shape {
  readonly rule?: string;
  readonly keyType?: string;
}

interface NestedMethod {
  readonly requestType: string;
  readonly responseType: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
}

const NAMES: ReadonlySet<string> = new Set(entries().map(([name]) => name));

/** Every message of the interface and of what it uses, by full name. */
export const MESSAGES: ReadonlyMap<string, Message> = new Map(
  entries().flatMap(([name, {fields}]) => (fields ? [[name, messageOf(name, fields)]] : [])),
);

/** Every enum, by full name. */
export const ENUMS: ReadonlyMap<string, Enum> = new Map(
  entries().flatMap(([name, {values}]) => {
    const short = name.split('.').at(-1) ?? '';
    const prefix = `${short.replace(/[a-z](?=[A-Z])/g, '$&_').toUpperCase()}_`;
    const words = Object.keys(values ?? {}).map((word) => word.replace(prefix, ''));
    return values ? [[name, {prefix: words.some((word) => word in values) ? '' : prefix, words}]] : [];
  }),
);

/** Every method, by its path: `/imgmgr.api.v1.RunService/Start`. */
export const METHODS: ReadonlyMap<string, Method> = new Map(
  entries().flatMap(([service, {methods = {}}]) =>
    Object.entries(methods).map(([name, method]): [string, Method] => [
      `/${service}/${name}`,
      {
        ...{service, name},
        request: resolve(method.requestType, service),
        response: resolve(method.responseType, service),
        requestStream: method.requestStream ?? false,
        responseStream: method.responseStream ?? false,
      },
    ]),
  ),
);

/** A file of proto/. */
interface ProtoFile {
  readonly imports: readonly string[];
  /** What it declares, by full name. */
  readonly symbols: readonly string[];
  /** It as a FileDescriptorProto, base64. */
  readonly bytes: string;
}

/** Every file, by the name under which others import it. */
export const FILES: Readonly<Record<string, ProtoFile>> = descriptor.files;

const PACKAGE: PackageDefinition = fromJSON(descriptor as object, {
  keepCase: true,
  longs: Number,
  enums: String,
  bytes: Buffer,
});

/** How a message is written and read. */
export function codecOf(name: string): MessageTypeDefinition<object, object> {
  return PACKAGE[name] as MessageTypeDefinition<object, object>;
}

/** Whatever has a name, by its full name. */
function entries(): [string, Nested][] {
  const below = (path: string, {nested = {}}: Nested): [string, Nested][] =>
    Object.entries(nested).flatMap(([name, one]) => [[path + name, one], ...below(`${path}${name}.`, one)]);
  return below('', descriptor);
}

function messageOf(name: string, fields: NonNullable<Nested['fields']>): Message {
  const list = Object.entries(fields).map(([field, {id, type, rule, keyType}]): [number, Field] => [
    id,
    {
      ...{name: field, jsonName: jsonName(field), id, type: resolve(type, name)},
      form: keyType === undefined ? (rule === 'repeated' ? 'repeated' : 'single') : 'map',
    },
  ]);
  return {name, fields: new Map(list)};
}

/** The full name that a name stands for where it is used: the innermost one. */
function resolve(type: string, scope: string): string {
  for (let around = scope; around !== ''; around = around.replace(/(?:^|\.)[^.]*$/, ''))
    if (NAMES.has(`${around}.${type}`)) return `${around}.${type}`;
  return type;
}

function jsonName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
