import type {IncomingMessage, ServerResponse} from 'node:http';
import {listen} from './listener.ts';
import {contentOf, digestList, digestOf, largeContent} from './upstream-content.ts';
import type {Content, DigestStyle} from './upstream-content.ts';
import {serveFile} from './upstream-serve.ts';
import type {ServedFile} from './upstream-serve.ts';

/** Everything the fake source can be told to do wrong, with what a client sees. */
export const UPSTREAM_MISBEHAVIOURS = {
  notFound404: '404 and a page',
  forbidden403: '403 and a page',
  error500: '500 (or status), once unless told otherwise',
  redirect: '302 (or status) over `hops` addresses, then the file',
  redirectLoop: '302 for ever',
  htmlPage: '200 and a web page instead of the file',
  truncatedBody: 'Content-Length tells all, the connection ends after half',
  stalledBody: 'half of the bytes, then nothing, the connection stays open',
  wrongLength: 'a complete answer that is only half of the file',
  noRange: 'Range is ignored: 200 and everything',
  noContentLength: 'chunked, no length told',
  slow: 'pieces of 64 KiB, delayMs (default 50) apart',
  resetMidway: 'half of the bytes, then a reset',
  changesBetweenRequests: 'other bytes and another ETag at each request',
} as const;

export type UpstreamMisbehaviour = keyof typeof UPSTREAM_MISBEHAVIOURS;

export interface UpstreamMisbehaveOptions {
  /** Only this path (without query); every path when left out. */
  readonly path?: string;
  readonly method?: 'GET' | 'HEAD';
  readonly times?: number;
  readonly status?: number;
  readonly hops?: number;
  readonly delayMs?: number;
}

export interface UpstreamFileOptions {
  readonly lastModified?: Date;
  readonly contentType?: string;
}

/** One line of the log. */
export interface UpstreamRequest {
  readonly method: string;
  readonly path: string;
  readonly query: string;
  readonly headers: Readonly<Record<string, string>>;
  /** 0 until answered. */
  status: number;
  /** Bytes of body handed to the network. */
  sent: number;
}

/** A web server with image files, as distributions run them. */
export interface Upstream {
  /** `http://127.0.0.1:PORT` */
  readonly url: string;
  readonly requests: readonly UpstreamRequest[];
  put(path: string, bytes: Uint8Array | string, options?: UpstreamFileOptions): void;
  /** A file of any size that needs no memory. */
  putLarge(path: string, size: number, seed?: number): void;
  /** A digest list of these files (by default of all in the list's folder), as they are now; `wrong` overrides digests. */
  putDigests(path: string, list: DigestListOptions): void;
  remove(path: string): void;
  /** Hex digest of a file. */
  digest(path: string, algorithm?: string): string;
  misbehave(name: UpstreamMisbehaviour, options?: UpstreamMisbehaveOptions): () => void;
  behave(): void;
  clearLog(): void;
  close(): Promise<void>;
}

export interface DigestListOptions {
  readonly style?: DigestStyle;
  readonly algorithm?: 'md5' | 'sha1' | 'sha256' | 'sha512';
  /** File names relative to the list's folder. */
  readonly names?: readonly string[];
  readonly wrong?: Readonly<Record<string, string>>;
}

interface Entry {
  readonly name: UpstreamMisbehaviour;
  readonly options: UpstreamMisbehaveOptions;
  left: number;
}

/** Starts the server, on any free port unless one is given. */
export async function startUpstream(options: {readonly port?: number; readonly host?: string} = {}): Promise<Upstream> {
  const files = new Map<string, ServedFile>();
  const entries: Entry[] = [];
  const requests: UpstreamRequest[] = [];

  const take = (request: UpstreamRequest): Entry | undefined => {
    const entry = entries.find(({options: how, left}) => {
      const meant = (how.path ?? request.path) === request.path && (how.method ?? request.method) === request.method;
      return left > 0 && meant;
    });
    if (entry !== undefined) entry.left -= 1;
    return entry;
  };

  const handle = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const request = logged(incoming);
    requests.push(request);
    const misdeed = take(request);
    await serveFile({
      request,
      response,
      file: files.get(request.path),
      ...(misdeed && {misdeed}),
      count: requests.length,
    });
  };
  const listener = await listen({...options, handle});

  const put = (path: string, content: Content, how: UpstreamFileOptions = {}): void => {
    files.set(path, {
      content,
      lastModified: how.lastModified ?? new Date(),
      contentType: how.contentType ?? 'application/octet-stream',
      etag: `"${digestOf(content.size <= SMALL ? content : contentOf(Buffer.from(`${path}${content.size}`)), 'md5').slice(0, 16)}"`,
    });
  };
  const digest = (path: string, algorithm = 'sha512'): string => {
    const file = files.get(path);
    if (file === undefined) throw new Error(`the fake source has no file ${path}`);
    return digestOf(file.content, algorithm);
  };

  return {
    url: listener.url,
    requests,
    put: (path, bytes, how) => put(path, contentOf(typeof bytes === 'string' ? Buffer.from(bytes) : bytes), how),
    putLarge: (path, size, seed) => put(path, largeContent(size, seed)),
    putDigests: (path, {style = 'gnu', algorithm = 'sha512', names, wrong = {}}) => {
      const folder = path.slice(0, path.lastIndexOf('/') + 1);
      const inFolder = [...files.keys()]
        .filter((file) => file.startsWith(folder) && file !== path)
        .map((file) => file.slice(folder.length));
      const listed = (names ?? inFolder).map((name): [string, string] => [
        name,
        wrong[name] ?? digest(folder + name, algorithm),
      ]);
      put(path, contentOf(Buffer.from(digestList(style, algorithm, Object.fromEntries(listed)))), {
        contentType: 'text/plain',
      });
    },
    remove: (path) => void files.delete(path),
    digest,
    misbehave: (name, how = {}) => {
      const entry = {name, options: how, left: how.times ?? (name === 'error500' ? 1 : Infinity)};
      entries.push(entry);
      return () => {
        entry.left = 0;
      };
    },
    behave: () => {
      entries.length = 0;
    },
    clearLog: () => {
      requests.length = 0;
    },
    close: () => listener.close(),
  };
}

/** Beyond this many bytes the ETag is made of path and size, not of the content. */
const SMALL = 64 * 2 ** 20;

function logged(incoming: IncomingMessage): UpstreamRequest {
  const {pathname, search} = new URL(incoming.url ?? '/', 'http://localhost');
  const headers = Object.fromEntries(Object.entries(incoming.headers).map(([key, value]) => [key, String(value)]));
  return {
    method: incoming.method ?? 'GET',
    path: decodeURIComponent(pathname),
    query: search.slice(1),
    headers,
    status: 0,
    sent: 0,
  };
}
