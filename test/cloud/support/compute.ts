const AUTH_URL = 'http://127.0.0.1:5000/v3';
const PASSWORD = 'lab-secret';
const NOVA = 'http://127.0.0.1:8774/v2.1';
const NEUTRON = 'http://127.0.0.1:9696';

/** What is there of test servers on the real OpenStack, seen without any code of imgmgr. */
export class RealCompute {
  readonly #token: string;
  readonly projectId: string;

  private constructor(token: string, projectId: string) {
    this.#token = token;
    this.projectId = projectId;
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
    const {token: said} = (await answer.json()) as {token: {project: {id: string}}};
    return new RealCompute(token, said.project.id);
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

  /** Makes a flavor that no host of this cloud has room for, lends it to the work, and removes it. */
  async withFlavor<T>(name: string, ramMib: number, work: () => Promise<T>): Promise<T> {
    const flavor = {name, ram: ramMib, vcpus: 1, disk: 2};
    const made = await this.#send<{flavor: {id: string}}>('POST', `${NOVA}/flavors`, {flavor});
    try {
      return await work();
    } finally {
      await this.#delete(`${NOVA}/flavors/${made.flavor.id}`);
    }
  }

  /** Lets the project of another login have so many servers while the work is done. */
  async withInstances<T>(of: RealCompute, instances: number, work: () => Promise<T>): Promise<T> {
    const url = `${NOVA}/os-quota-sets/${of.projectId}`;
    await this.#send('PUT', url, {quota_set: {instances, force: true}});
    try {
      return await work();
    } finally {
      // Back to the defaults.
      await this.#delete(url);
    }
  }

  async #send<T>(method: string, url: string, body: unknown): Promise<T> {
    const headers = {'x-auth-token': this.#token, 'content-type': 'application/json'};
    const answer = await fetch(url, {method, headers, body: JSON.stringify(body)});
    if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as T;
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
