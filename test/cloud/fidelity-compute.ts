/** A Nova, and a token of each role. */
export interface ReplayedNova {
  readonly url: string;
  readonly admin: string;
  readonly member: string;
}

/** The microversions of which one is asked for each time; undefined: none. */
const VERSIONS = [undefined, '2.69', '2.999', 'nonsense'] as const;

/** What any Nova answers to `GET /os-services`, for each role and microversion, without what must differ (ids, hosts, times). */
export async function servicesSeen(nova: ReplayedNova): Promise<readonly object[]> {
  const seen: object[] = [];
  for (const role of ['admin', 'member'] as const)
    for (const version of VERSIONS) {
      const answer = await fetch(`${nova.url}/os-services`, {
        headers: {
          'x-auth-token': nova[role],
          ...(version !== undefined && {'x-openstack-nova-api-version': version}),
        },
      });
      const json = (await answer.json()) as Record<string, unknown>;
      seen.push({
        role,
        version,
        status: answer.status,
        facts: Array.isArray(json['services']) ? computeHosts(json) : json,
      });
    }
  return seen;
}

/** The services `nova-compute`, one for each kind of fields: their names, the kind of the id, and what says how they are. */
export function computeHosts(json: object): readonly unknown[] {
  const {services} = json as {services: readonly Readonly<Record<string, unknown>>[]};
  const facts = services
    .filter(({binary}) => binary === 'nova-compute')
    .map(({id, status, state, ...others}) => [
      Object.keys({...others, ...(id !== undefined && {id})}).toSorted(),
      typeof id,
      status,
      state,
    ]);
  return [...new Map(facts.map((fact) => [JSON.stringify(fact), fact])).values()];
}
