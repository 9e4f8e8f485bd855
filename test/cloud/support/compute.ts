const AUTH_URL = 'http://127.0.0.1:5000/v3';
const PASSWORD = 'lab-secret';
const NOVA = 'http://127.0.0.1:8774/v2.1';
const NEUTRON = 'http://127.0.0.1:9696';

/** What is there of test servers on the real OpenStack, seen without any code of imgmgr. */
export class RealCompute {
  readonly #token: string;

  private constructor(token: string) {
    this.#token = token;
  }

  static async login(user: 'admin' | 'demo'): Promise<RealCompute> {
    const domain = {name: 'Default'};
    const answer = await fetch(`${AUTH_URL}/auth/tokens`, {
      method: 'POST',
      headers: {'content-type': 'application/json'},
      body: JSON.stringify({
        auth: {
          identity: {methods: ['password'], password: {user: {name: user, domain, password: PASSWORD}}},
          scope: {project: {name: user, domain}},
        },
      }),
    });
    const token = answer.headers.get('x-subject-token');
    if (token === null) throw new Error(`login as ${user}: ${answer.status}`);
    return new RealCompute(token);
  }

  /** `server NAME` and `port NAME` of everything that bears our prefix. */
  async ours(): Promise<readonly string[]> {
    const [{servers}, {ports}] = await Promise.all([
      this.#get<{servers: readonly {id: string; name: string}[]}>(`${NOVA}/servers`),
      this.#get<{ports: readonly {id: string; name: string}[]}>(`${NEUTRON}/v2.0/ports`),
    ]);
    return [
      ...servers.filter(({name}) => name.startsWith('imgmgr-')).map(({name}) => `server ${name}`),
      ...ports.filter(({name}) => name.startsWith('imgmgr-')).map(({name}) => `port ${name}`),
    ];
  }

  /** Removes whatever bears our prefix. */
  async clear(): Promise<void> {
    const {servers} = await this.#get<{servers: readonly {id: string; name: string}[]}>(`${NOVA}/servers`);
    for (const {id, name} of servers) if (name.startsWith('imgmgr-')) await this.#delete(`${NOVA}/servers/${id}`);
    const {ports} = await this.#get<{ports: readonly {id: string; name: string}[]}>(`${NEUTRON}/v2.0/ports`);
    for (const {id, name} of ports) if (name.startsWith('imgmgr-')) await this.#delete(`${NEUTRON}/v2.0/ports/${id}`);
  }

  async #get<T>(url: string): Promise<T> {
    const answer = await fetch(url, {headers: {'x-auth-token': this.#token}});
    if (answer.status !== 200) throw new Error(`${url}: ${answer.status}`);
    return (await answer.json()) as T;
  }

  async #delete(url: string): Promise<void> {
    await fetch(url, {method: 'DELETE', headers: {'x-auth-token': this.#token}});
  }
}
