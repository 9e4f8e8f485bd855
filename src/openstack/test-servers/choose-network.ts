import {ImgmgrError} from '../../errors.ts';
import type {Network} from '../neutron/schema.ts';

/**
 * The named network, else the project's only one, else the only shared one; networks without subnets and, unless named, external
 * ones do not count. NOT_FOUND when the named one is not there, UNSUPPORTED when none or several could be meant.
 */
export function chooseNetwork(input: {
  readonly networks: readonly Network[];
  readonly projectId: string;
  readonly named?: string;
}): Network {
  const {networks, projectId, named} = input;
  const own = networks.filter(({project_id}) => project_id === projectId);
  const shared = networks.filter((network) => network.shared && network.project_id !== projectId);
  if (named !== undefined) return theNamed([...own, ...shared, ...networks], named);
  for (const group of [own, shared]) {
    const usable = group.filter((network) => !network['router:external'] && network.subnets.length > 0);
    const [only] = usable;
    if (usable.length === 1 && only !== undefined) return only;
    if (usable.length > 1) throw undecided(`cannot determine which network to boot on: there are ${list(usable)}`);
  }
  throw undecided(
    networks.length === 0
      ? 'the project has no network to boot on'
      : `the project has no network to boot on: of ${list(networks)} each is external, of another project, or without a subnet`,
  );
}

// Own networks come first, then shared ones: an admin sees all others, too, and may name them.
function theNamed(networks: readonly Network[], named: string): Network {
  const byId = networks.find(({id}) => id === named);
  const byName = networks.filter(({name}) => name === named);
  const ids = [...new Set(byName.map(({id}) => id))];
  const network = byId ?? byName[0];
  if (network === undefined)
    throw new ImgmgrError('NOT_FOUND', `there is no network '${named}'`, {
      lacks: 'network',
      hint: networks.length === 0 ? 'the project sees no network at all' : `there are ${list(networks)}`,
    });
  if (byId === undefined && ids.length > 1)
    throw new ImgmgrError('UNSUPPORTED', `several networks are called '${named}': ${ids.join(', ')}`, {
      lacks: 'network',
      hint: 'name one by its id with --network',
    });
  if (network.subnets.length === 0)
    throw new ImgmgrError('UNSUPPORTED', `network '${named}' has no subnet, so a server would get no address there`, {
      lacks: 'network',
      hint: 'name another one with --network',
    });
  return network;
}

function undecided(message: string): ImgmgrError {
  return new ImgmgrError('UNSUPPORTED', message, {
    lacks: 'network',
    hint: 'name a network with --network (name or id)',
  });
}

function list(networks: readonly Network[]): string {
  const unique = [...new Map(networks.map((network) => [network.id, network])).values()];
  const listed = unique.slice(0, 10).map(({name, id}) => `${name} (${id})`);
  return `${listed.join(', ')}${unique.length > listed.length ? ` and ${unique.length - listed.length} more` : ''}`;
}
