import {createHash} from 'node:crypto';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {buffer} from 'node:stream/consumers';
import type {WebServer} from '../unit/sources/web-server.ts';
import {serve} from '../unit/sources/web-server.ts';

/** What was asked of it, as `METHOD kind`. */
export interface PushCall {
  readonly method: string;
  readonly path: string;
  readonly authorization: string | undefined;
}

/** A manifest, as far as tests look at it. */
interface Tagged {
  readonly layers: readonly {readonly digest: string; readonly size: number}[];
  readonly config: {readonly digest: string};
}

/** A registry that takes pushes into `team/disk`; `answer` may answer first. */
export class PushRegistry {
  readonly blobs = new Map<string, Buffer>();
  readonly tags = new Map<string, string>();
  readonly calls: PushCall[] = [];
  readonly #uploads = new Map<string, Buffer>();
  #server: WebServer | undefined;
  answer: (request: IncomingMessage, response: ServerResponse) => boolean = () => false;

  async start(): Promise<this> {
    this.#server = await serve((request, response) => {
      const {method = '', url = '', headers} = request;
      this.calls.push({method, path: url, authorization: headers.authorization});
      if (!this.answer(request, response)) void this.#serve(request, response).catch(() => response.destroy());
    });
    return this;
  }

  get host(): string {
    return new URL(this.#server?.url ?? '').host;
  }

  url(reference = ':1'): string {
    return `oci://${this.host}/team/disk${reference}`;
  }

  /** Uploads that were begun and neither finished nor cancelled. */
  get open(): number {
    return this.#uploads.size;
  }

  /** What the tag leads to. */
  tagged(name: string): Tagged | undefined {
    const body = this.blobs.get(this.tags.get(name) ?? '');
    return body && (JSON.parse(body.toString('utf8')) as Tagged);
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const {method = '', url = ''} = request;
    const {pathname, searchParams} = new URL(url, 'http://x');
    const digest = searchParams.get('digest');
    const [, kind, rest = ''] = /^\/v2\/team\/disk\/(manifests|blobs)\/(.*)$/.exec(pathname) ?? [];
    if (kind === 'blobs' && rest.startsWith('uploads/')) {
      const id = rest.slice('uploads/'.length);
      if (method === 'POST') {
        const made = `u${this.calls.length}`;
        this.#uploads.set(made, Buffer.alloc(0));
        response.writeHead(202, {Location: `/v2/team/disk/blobs/uploads/${made}`}).end();
        return;
      }
      if (method === 'DELETE') {
        this.#uploads.delete(id);
        response.writeHead(204).end();
        return;
      }
      const content = Buffer.concat([this.#uploads.get(id) ?? Buffer.alloc(0), await buffer(request)]);
      this.#uploads.set(id, content);
      if (method === 'PATCH') {
        response.writeHead(202, {Location: `/v2/team/disk/blobs/uploads/${id}`}).end();
        return;
      }
      if (digest !== sha256(content)) {
        response.writeHead(400).end();
        return;
      }
      this.#uploads.delete(id);
      this.blobs.set(digest, content);
      response.writeHead(201, {'Docker-Content-Digest': digest}).end();
      return;
    }
    if (method === 'PUT') {
      const content = await buffer(request);
      this.blobs.set(sha256(content), content);
      this.tags.set(rest, sha256(content));
      response.writeHead(201, {'Docker-Content-Digest': sha256(content)}).end();
      return;
    }
    const found = this.blobs.get(this.tags.get(rest) ?? rest);
    if (!found) {
      response.writeHead(404).end();
      return;
    }
    const type = kind === 'manifests' ? 'application/vnd.oci.image.manifest.v1+json' : 'application/octet-stream';
    response.writeHead(200, {'Content-Type': type, 'Content-Length': found.length});
    response.end(method === 'HEAD' ? undefined : found);
  }
}

function sha256(content: Buffer): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}
