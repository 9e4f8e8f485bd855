// A file of protobuf as a FileDescriptorProto, the form in which servers give it to tools. test/oracle compares it with what protoc makes;
// toDescriptor of protobufjs makes one file of a whole package, and knows no optional fields of proto3.

/** What protobufjs knows of a field, message, enum or service, as far as it is used here. */
export interface Reflected {
  readonly name: string;
  readonly fullName: string;
  readonly fieldsArray?: readonly Field[];
  readonly oneofsArray?: readonly {readonly name: string; readonly fieldsArray: readonly Field[]}[];
  readonly nestedArray?: readonly Reflected[];
  readonly values?: Readonly<Record<string, number>>;
  readonly methodsArray?: readonly Method[];
}

interface Field {
  readonly name: string;
  readonly id: number;
  readonly type: string;
  readonly repeated: boolean;
  readonly map: boolean;
  readonly keyType?: string;
  readonly options?: Readonly<Record<string, unknown>> | undefined;
  readonly resolvedType: Reflected | null;
  readonly partOf: {readonly name: string} | null;
}

interface Method {
  readonly name: string;
  readonly requestStream?: boolean;
  readonly responseStream?: boolean;
  readonly resolvedRequestType: Reflected;
  readonly resolvedResponseType: Reflected;
}

const SCALARS = ['double', 'float', 'int64', 'uint64', 'int32', 'fixed64', 'fixed32', 'bool', 'string'];
const NUMBERS: Readonly<Record<string, number>> = {
  ...Object.fromEntries(SCALARS.map((name, index) => [name, index + 1])),
  bytes: 12,
  uint32: 13,
};
const [MESSAGE, ENUM, OPTIONAL, REPEATED] = [11, 14, 1, 3] as const;

/** The fields of a FileDescriptorProto, as their names are written in descriptor.proto in camel case. */
export function fileDescriptor(file: {
  readonly name: string;
  readonly package: string;
  readonly imports: readonly string[];
  readonly nested: readonly Reflected[];
}): object {
  return {
    name: file.name,
    package: file.package,
    dependency: file.imports,
    messageType: file.nested.filter(({fieldsArray}) => fieldsArray).map(message),
    enumType: file.nested.filter(({values}) => values).map(enumeration),
    service: file.nested.filter(({methodsArray}) => methodsArray).map(service),
    syntax: 'proto3',
  };
}

function message({name, fieldsArray = [], oneofsArray = [], nestedArray = []}: Reflected): object {
  const isMade = ({name: oneof}: {readonly name: string}): boolean =>
    fieldsArray.some((field) => isOptional(field) && field.partOf?.name === oneof);
  const oneofs = [...oneofsArray.filter((one) => !isMade(one)), ...oneofsArray.filter(isMade)].map((one) => one.name);
  return {
    name,
    field: fieldsArray.map((field) => ({
      name: field.name,
      number: field.id,
      label: field.repeated || field.map ? REPEATED : OPTIONAL,
      ...(field.map ? {type: MESSAGE, typeName: `.${fullName(field)}`} : typeOf(field)),
      ...(field.partOf && {oneofIndex: oneofs.indexOf(field.partOf.name)}),
      jsonName: jsonName(field.name),
      ...(isOptional(field) && {proto3Optional: true}),
    })),
    nestedType: [
      ...nestedArray.filter((one) => one.fieldsArray).map(message),
      ...fieldsArray.filter(({map}) => map).map(mapEntry),
    ],
    enumType: nestedArray.filter(({values}) => values).map(enumeration),
    oneofDecl: oneofs.map((oneof) => ({name: oneof})),
  };
}

function isOptional({options}: Field): boolean {
  return options?.['proto3_optional'] === true;
}

function typeOf({type, resolvedType}: Pick<Field, 'type' | 'resolvedType'>): object {
  if (!resolvedType) return {type: NUMBERS[type]};
  return {type: resolvedType.values ? ENUM : MESSAGE, typeName: resolvedType.fullName};
}

/** `flags` of `.imgmgr.api.v1.Plan` → `imgmgr.api.v1.Plan.FlagsEntry`. */
function fullName(field: Field): string {
  const owner = (field as Field & {readonly parent: Reflected}).parent.fullName.slice(1);
  return `${owner}.${entryName(field)}`;
}

function entryName({name}: Field): string {
  const camel = jsonName(name);
  return `${camel.charAt(0).toUpperCase()}${camel.slice(1)}Entry`;
}

function mapEntry(field: Field): object {
  const part = (name: string, number: number, type: object): object => ({
    ...{name, number, label: OPTIONAL, ...type},
    jsonName: name,
  });
  return {
    name: entryName(field),
    field: [part('key', 1, {type: NUMBERS[field.keyType ?? '']}), part('value', 2, typeOf(field))],
    options: {mapEntry: true},
  };
}

function enumeration({name, values = {}}: Reflected): object {
  return {name, value: Object.entries(values).map(([word, number]) => ({name: word, number}))};
}

function service({name, methodsArray = []}: Reflected): object {
  return {
    name,
    method: methodsArray.map((method) => ({
      name: method.name,
      inputType: method.resolvedRequestType.fullName,
      outputType: method.resolvedResponseType.fullName,
      ...(method.requestStream === true && {clientStreaming: true}),
      ...(method.responseStream === true && {serverStreaming: true}),
    })),
  };
}

function jsonName(name: string): string {
  return name.replace(/_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}
