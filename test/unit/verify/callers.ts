import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {ChannelCredentials, Client, type ServiceError} from '@grpc/grpc-js';
import {loadSync} from '@grpc/proto-loader';
import type {ReportDesk} from '../../../src/ports/report-desk.ts';
import {createReportDeskOpener, type DeskLimits} from '../../../src/verify/report-desk.ts';

const PROTO = fileURLToPath(new URL('../../../proto/imgmgr/verify/v1/verify.proto', import.meta.url));
/** Read from the .proto itself, so that the desk's copy is put to the proof. */
const WIRE = loadSync(PROTO, {keepCase: true, longs: Number, enums: String, defaults: true})[
  'imgmgr.verify.v1.Verification'
] as unknown as Record<
  'Hello' | 'Report',
  {path: string; requestSerialize: (value: object) => Buffer; responseDeserialize: (bytes: Buffer) => object}
>;

export const SERVER = '6f1b0f60-3a0e-4a8e-9d0c-0123456789ab';

/** A desk with a fake agent of some 300 KB, in a folder of its own; `end` removes all of it. */
export async function openDesk(limits: Partial<DeskLimits> = {}) {
  const agentFolder = await mkdtemp(join(tmpdir(), 'imgmgr-desk-'));
  await writeFile(
    join(agentFolder, 'imgmgr-agent-x86_64'),
    `#!/bin/sh\necho "$@" >"$0.ran"\n#${'x'.repeat(300_000)}\n`,
  );
  await writeFile(join(agentFolder, 'imgmgr-agent-aarch64'), 'arm');
  const refused: string[] = [];
  const open = createReportDeskOpener({agentFolder, limits, onRefused: (reason) => refused.push(reason)});
  const desk = await open({bind: '127.0.0.1', port: 0, names: ['127.0.0.1']});
  const end = async () => {
    await desk.close();
    await rm(agentFolder, {recursive: true, force: true});
  };
  return {desk, refused, end, agentFolder, open};
}

/** What a guest says when all is well. */
export function goodReport(token: string, change: object = {}, identity: object = {}): object {
  return {
    identity: {run: 'run-1', token, server: SERVER, agent_version: '0.1.0', ...identity},
    checks: [{id: 'root-grown', outcome: 'OUTCOME_PASS', detail: 'grown\u001b to 1 GiB', millis: 3}],
    facts: {'os.id': 'debian', machine: 'x86_64'},
    waited_ms: 10,
    checked_ms: 20,
    ...change,
  };
}

/** The message's bytes. */
export function encode(method: 'Hello' | 'Report', message: object): Buffer {
  return WIRE[method].requestSerialize(message);
}

/** A real gRPC client that trusts only the desk's certificate. */
export class Caller {
  readonly #client: Client;

  constructor(desk: ReportDesk, port = desk.port) {
    const trust = ChannelCredentials.createSsl(Buffer.from(desk.certificate));
    this.#client = new Client(`127.0.0.1:${port}`, trust, {
      'grpc.ssl_target_name_override': desk.serverName,
      'grpc.use_local_subchannel_pool': 1,
    });
  }

  call(method: 'Hello' | 'Report', message: object): Promise<object> {
    return this.raw(method, WIRE[method].requestSerialize(message));
  }

  /** Any bytes as message; rejects with the ServiceError. */
  raw(method: 'Hello' | 'Report', bytes: Buffer): Promise<object> {
    const {path, responseDeserialize} = WIRE[method];
    return new Promise((resolve, reject) => {
      this.#client.makeUnaryRequest<Buffer, object>(
        path,
        (value) => value,
        responseDeserialize,
        bytes,
        {deadline: Date.now() + 10_000},
        (error: ServiceError | null, reply) => {
          if (reply) resolve(reply);
          else reject(error ?? new Error('no reply'));
        },
      );
    });
  }

  close(): void {
    this.#client.close();
  }
}
