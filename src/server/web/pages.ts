import {createHash} from 'node:crypto';
import {readdirSync, readFileSync} from 'node:fs';
import type {IncomingMessage, ServerResponse} from 'node:http';
import {extname, join, relative} from 'node:path';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
};

interface Page {
  readonly bytes: Buffer;
  readonly type: string;
  readonly etag: string;
}

/** Paths of which the script of the one page makes what it shows. */
const VIEWS = [/^\/$/, /^\/login$/, /^\/(?:images|runs|plans|definitions)(?:\/|$)/];

/** The pages of the server: read once, at its start, each served below `/pages/` under its own name and no other. */
export class Pages {
  readonly #files = new Map<string, Page>();

  /** A folder that is not there has no pages: then the server has none. */
  constructor(folder: string) {
    for (const path of filesIn(folder)) {
      const type = TYPES[extname(path)];
      if (type === undefined) continue;
      const bytes = readFileSync(path);
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      this.#files.set(`/pages/${relative(folder, path)}`, {bytes, type, etag});
    }
  }

  /** Answers with a page; false where the path is none. */
  send(request: IncomingMessage, response: ServerResponse, path: string): boolean {
    const page = this.#files.get(VIEWS.some((view) => view.test(path)) ? '/pages/index.html' : path);
    if (!page) return false;
    // Asked for again each time: an answer without a body costs nothing, and a new version shows at once.
    response.setHeader('cache-control', 'no-cache');
    response.setHeader('etag', page.etag);
    if (request.headers['if-none-match'] === page.etag) {
      response.statusCode = 304;
      response.end();
      return true;
    }
    response.statusCode = 200;
    response.setHeader('content-type', page.type);
    response.setHeader('content-length', page.bytes.length);
    response.end(page.bytes);
    return true;
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder, {recursive: true, withFileTypes: true})
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name));
  } catch {
    return [];
  }
}
