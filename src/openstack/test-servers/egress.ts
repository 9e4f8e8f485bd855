import type {Labels, NeutronApi} from '../neutron/api.ts';
import type {Port, SecurityGroup} from '../neutron/schema.ts';
import type {Pace} from './pace.ts';
import {createSurely, withCleanup} from './create-surely.ts';

/** What {@link openEgress} works with. */
export interface EgressParts {
  readonly neutron: NeutronApi;
  readonly projectId: string;
  readonly pace: Pace;
}

/**
 * Most projects' default group lets everything out. Where it does not, the guest could not call: then the port gets a group of its own,
 * which lets everything out and nothing in. Returns that group's id.
 */
export async function openEgress(
  {neutron, projectId, pace}: EgressParts,
  {port, labels}: {readonly port: Port; readonly labels: Labels},
): Promise<string | undefined> {
  if (port.security_groups.length === 0) return undefined;
  const families = new Set(port.fixed_ips.map(({ip_address: ip}) => (ip.includes(':') ? 'IPv6' : 'IPv4')));
  const groups = await Promise.all(port.security_groups.map((id) => neutron.group(id)));
  const rules = groups.flatMap((group) => group?.security_group_rules ?? []);
  const isOpen = [...families].some((family) => rules.some((rule) => letsOut(rule, family)));
  if (isOpen) return undefined;
  const group = await createSurely(
    neutron.createGroup(labels),
    pace,
    async () => (await neutron.groups(projectId)).find(({name}) => name === labels.name)?.id,
  );
  try {
    await neutron.guardPort(port.id, [group]);
    return group;
  } catch (error) {
    throw await withCleanup(error, neutron.deleteGroup(group));
  }
}

function letsOut(rule: SecurityGroup['security_group_rules'][number], family: string): boolean {
  const anyPeer =
    (rule.remote_group_id ?? null) === null &&
    (rule.remote_address_group_id ?? null) === null &&
    (rule.remote_ip_prefix ?? '/0').endsWith('/0');
  const protocol = rule.protocol ?? 'any';
  const tcp = ['any', 'tcp', '6', '0'].includes(String(protocol)) && (rule.port_range_min ?? null) === null;
  return rule.direction === 'egress' && (rule.ethertype ?? family) === family && anyPeer && tcp;
}
