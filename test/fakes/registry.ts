import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {gzipSync} from 'node:zlib';
import type {WebServer} from '../unit/sources/web-server.ts';
import {serve} from '../unit/sources/web-server.ts';
import type {Member} from './tar-file.ts';
import {tarFile} from './tar-file.ts';

export const TYPES = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  layer: 'application/vnd.oci.image.layer.v1.tar+gzip',
} as const;

export interface Blob {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

/** A registry with one repository, `team/disk`; `answer` may answer first. */
export class FakeRegistry {
  readonly #content = new Map<string, {readonly body: Buffer; readonly type: string}>();
  readonly #tags = new Map<string, string>();
  /** Answers before the registry does; true: it did. */
  answer: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;
  #server: WebServer | undefined;

  async start(): Promise<this> {
    this.#server = await serve((request, response) => {
      if (!this.answer(request, response)) this.#serve(request, response);
    });
    return this;
  }

  get host(): string {
    return new URL(this.#server?.url ?? '').host;
  }

  get requests(): WebServer['requests'] {
    return this.#server?.requests ?? [];
  }

  url(reference = ':1'): string {
    return `oci://${this.host}/team/disk${reference}`;
  }

  blob(body: Buffer, mediaType: string): Blob {
    const digest = sha256(body);
    this.#content.set(digest, {body, type: mediaType});
    return {mediaType, digest, size: body.length};
  }

  layer(
    members: readonly Member[],
    packed: {readonly mediaType?: string; readonly pack?: (tar: Buffer) => Buffer} = {},
  ): Blob {
    const {mediaType = TYPES.layer, pack = (tar: Buffer) => gzipSync(tar)} = packed;
    return this.blob(pack(tarFile(members)), mediaType);
  }

  config(architecture = 'amd64'): Blob {
    return this.blob(Buffer.from(JSON.stringify({architecture, os: 'linux'})), TYPES.config);
  }

  manifest(content: object, mediaType: string = TYPES.manifest): Blob {
    return this.blob(Buffer.from(JSON.stringify({schemaVersion: 2, mediaType, ...content})), mediaType);
  }

  /** An image of these layers, lowest first. */
  image(layers: readonly Blob[], config = this.config()): Blob {
    return this.manifest({config, layers});
  }

  index(manifests: readonly object[]): Blob {
    return this.manifest({manifests}, TYPES.index);
  }

  tag(name: string, {digest}: Blob): this {
    this.#tags.set(name, digest);
    return this;
  }

  /** What is served under that digest, whatever it is. */
  replace(digest: string, body: Buffer): void {
    this.#content.set(digest, {body, type: this.#content.get(digest)?.type ?? ''});
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const [, kind, reference = ''] = /^\/v2\/team\/disk\/(manifests|blobs)\/([\w:.-]+)$/.exec(request.url ?? '') ?? [];
    const found = this.#content.get(this.#tags.get(reference) ?? reference);
    if (found === undefined) {
      response.writeHead(404, {'Content-Type': 'application/json'}).end('{"errors":[{"code":"MANIFEST_UNKNOWN"}]}');
      return;
    }
    const type = kind === 'manifests' ? found.type : 'application/octet-stream';
    const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.range ?? '');
    if (range === null) {
      response.writeHead(200, {'Content-Type': type, 'Content-Length': found.body.length}).end(found.body);
      return;
    }
    const start = Number(range[1]);
    const part = found.body.subarray(start);
    const of = `bytes ${start}-${found.body.length - 1}/${found.body.length}`;
    response.writeHead(206, {'Content-Type': type, 'Content-Range': of, 'Content-Length': part.length}).end(part);
  }
}

export function sha256(body: Uint8Array): string {
  return `sha256:${createHash('sha256').update(body).digest('hex')}`;
}
