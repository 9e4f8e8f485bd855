import {Agent, request} from 'node:http';

/** What a login needs; the lab's accounts live in the domain Default. */
export interface Login {
  readonly authUrl: string;
  readonly user: string;
  readonly password: string;
  readonly project: string;
}

export interface Reply {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: unknown;
}

/** Calls made by hand, as plainly as node:http allows: nothing is repeated, checked or converted. */
export class RawApi {
  readonly token: string;
  readonly projectId: string;
  readonly #glance: string;

  private constructor(token: string, projectId: string, glance: string) {
    this.token = token;
    this.projectId = projectId;
    this.#glance = glance;
  }

  static async logIn({authUrl, user, password, project}: Login, region = 'RegionOne'): Promise<RawApi> {
    const domain = {name: 'Default'};
    const {headers, body} = await call('POST', `${authUrl}/auth/tokens`, {
      auth: {
        identity: {methods: ['password'], password: {user: {name: user, domain, password}}},
        scope: {project: {name: project, domain}},
      },
    });
    const {token} = body as {token: {project: {id: string}; catalog: Service[]}};
    const endpoints = token.catalog.find(({type}) => type === 'image')?.endpoints ?? [];
    const glance = endpoints.find((each) => each.interface === 'public' && each.region === region);
    return new RawApi(String(headers['x-subject-token']), token.project.id, glance?.url ?? '');
  }

  /** A Glance call; `path` follows `/v2`. */
  async glance<Body = unknown>(method: string, path: string, body?: unknown): Promise<Body> {
    return (await this.call(method, `${this.#glance}/v2${path}`, body)).body as Body;
  }

  async call(method: string, url: string, body?: unknown): Promise<Reply> {
    return call(method, url, body, {'X-Auth-Token': this.token});
  }

  /** Puts bytes into an image. */
  async put(id: string, bytes: Uint8Array): Promise<void> {
    await call('PUT', this.fileUrl(id), bytes, {'X-Auth-Token': this.token});
  }

  fileUrl(id: string): string {
    return `${this.#glance}/v2/images/${id}/file`;
  }
}

interface Service {
  readonly type: string;
  readonly endpoints: readonly {readonly interface: string; readonly region: string; readonly url: string}[];
}

const agent = new Agent({keepAlive: true, timeout: 4000});

async function call(
  method: string,
  url: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Reply> {
  const payload = body === undefined || body instanceof Uint8Array ? body : JSON.stringify(body);
  const type = body instanceof Uint8Array ? 'application/octet-stream' : 'application/json';
  return new Promise((resolve, reject) => {
    const sent = request(
      url,
      {
        method,
        agent,
        headers: {...headers, ...(payload && {'Content-Type': type, 'Content-Length': Buffer.byteLength(payload)})},
      },
      (answer) => {
        const chunks: Buffer[] = [];
        answer.on('data', (chunk: Buffer) => chunks.push(chunk));
        answer.on('error', reject);
        answer.on('end', () => {
          const status = answer.statusCode ?? 0;
          const text = Buffer.concat(chunks).toString();
          if (status >= 400) reject(new Error(`${method} ${url}: ${status} ${text.slice(0, 300)}`));
          else
            resolve({
              status,
              headers: answer.headers,
              body: text.startsWith('{') ? (JSON.parse(text) as unknown) : text,
            });
        });
      },
    );
    sent.on('error', reject);
    sent.end(payload);
  });
}
