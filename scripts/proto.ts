// Makes src/verify/verify-proto.json and src/api/api-proto.json from the files of proto/, so that dist/ needs no file beside it. The second
// also has what reflection answers: each file as a FileDescriptorProto in base64.
import {readFile, readdir, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';
import {type Reflected, fileDescriptor} from './file-descriptor.ts';

interface Root {
  resolveAll(): this;
  lookup(path: string): {readonly nestedArray: readonly Reflected[]};
  toJSON(): object;
}

interface Protobuf {
  readonly Root: {new (): Root; fromJSON(json: object): Root};
  parse(
    text: string,
    root: Root,
    options: {readonly keepCase: boolean},
  ): {readonly package: string; readonly imports?: readonly string[]};
}

interface Encoder {
  fromObject(fields: object): object;
  encode(message: object): {finish(): Uint8Array};
}

const require = createRequire(import.meta.url);
// The one that proto-loader brings; it reads the result again.
const beside = createRequire(require.resolve('@grpc/proto-loader'));
const protobuf = beside('protobufjs') as Protobuf;
const descriptors = protobuf.Root.fromJSON(beside('protobufjs/google/protobuf/descriptor.json') as object);
const encoder = descriptors.lookup('google.protobuf.FileDescriptorProto') as unknown as Encoder;

await write('src/verify/verify-proto.json', (await load({'verify.proto': 'proto/imgmgr/verify/v1/verify.proto'})).root);

const own = (await readdir('proto/imgmgr/api/v1')).sort();
const api = await load({
  ...Object.fromEntries(
    ['any', 'struct', 'timestamp'].map((name) => [`google/protobuf/${name}.proto`, `scripts/proto/${name}.proto`]),
  ),
  ...Object.fromEntries(
    ['status', 'error_details'].map((name) => [`google/rpc/${name}.proto`, `scripts/proto/${name}.proto`]),
  ),
  ...Object.fromEntries(
    ['health', 'reflection'].map((name) => [`grpc/${name}/v1/${name}.proto`, `scripts/proto/${name}.proto`]),
  ),
  ...Object.fromEntries(own.map((name) => [`imgmgr/api/v1/${name}`, `proto/imgmgr/api/v1/${name}`])),
});
await write('src/api/api-proto.json', {...api.root.toJSON(), files: api.files});

/** All files in one root, by the names under which they import each other. */
async function load(paths: Readonly<Record<string, string>>): Promise<{root: Root; files: Record<string, object>}> {
  const root = new protobuf.Root();
  const parts: {name: string; package: string; imports: readonly string[]; nested: readonly Reflected[]}[] = [];
  for (const [name, path] of Object.entries(paths)) {
    const before = new Set(parts.flatMap(({nested}) => nested));
    const parsed = protobuf.parse(await readFile(path, 'utf8'), root, {keepCase: true});
    const nested = root.lookup(parsed.package).nestedArray.filter((one) => !before.has(one));
    parts.push({name, package: parsed.package, imports: parsed.imports ?? [], nested});
  }
  root.resolveAll();
  return {root, files: Object.fromEntries(parts.map((part) => [part.name, describe(part)]))};
}

function describe(part: Parameters<typeof fileDescriptor>[0]): object {
  const bytes = encoder.encode(encoder.fromObject(fileDescriptor(part))).finish();
  const symbols = part.nested.map(({fullName}) => fullName.slice(1));
  return {imports: part.imports, symbols, bytes: Buffer.from(bytes).toString('base64')};
}

async function write(path: string, content: object): Promise<void> {
  await writeFile(path, `${JSON.stringify(content, null, 2)}\n`);
}
