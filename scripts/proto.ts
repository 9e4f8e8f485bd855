// Makes src/verify/verify-proto.json from proto/imgmgr/verify/v1/verify.proto, so that dist/ needs no file beside it.
import {readFile, writeFile} from 'node:fs/promises';
import {createRequire} from 'node:module';

interface Protobuf {
  parse(text: string, options: {readonly keepCase: boolean}): {readonly root: {toJSON(): object}};
}

const require = createRequire(import.meta.url);
// The one that proto-loader brings; it reads the result again.
const protobuf = createRequire(require.resolve('@grpc/proto-loader'))('protobufjs') as Protobuf;
const text = await readFile('proto/imgmgr/verify/v1/verify.proto', 'utf8');
const {root} = protobuf.parse(text, {keepCase: true});
await writeFile('src/verify/verify-proto.json', `${JSON.stringify(root.toJSON(), null, 2)}\n`);
