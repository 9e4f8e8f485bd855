import {join} from 'node:path';
import {refusalOfHistory} from '../../compose/context.ts';
import {Plans} from '../plans/plans.ts';
import type {ServerParts} from '../parts.ts';
import {Clouds} from '../reading/clouds.ts';
import {Definitions} from '../reading/definitions.ts';
import {Feeds} from '../runs/feeds.ts';
import {History} from '../runs/history.ts';
import {Runs} from '../runs/registry.ts';
import type {Permissions} from '../verbs/permit.ts';
import type {ServiceContext} from './context.ts';
import {lookAtRun} from './runs.ts';

/** What the calls of a server are answered with. */
export interface OpenParts {
  readonly parts: ServerParts;
  readonly clouds: readonly string[];
  readonly permissions: Permissions;
  readonly entry: readonly string[];
  /** As `--profile` names it; absent: the default one. */
  readonly profile?: string;
}

/** Puts together what answers calls; finds runs and plans of an earlier server again. */
export async function openService({
  parts,
  clouds: names,
  permissions,
  entry,
  profile,
}: OpenParts): Promise<ServiceContext> {
  const {caller, folder} = parts;
  const words = profile === undefined ? [] : ['--profile', profile];
  const clouds = new Clouds(names, parts, words);
  const history = new History(parts);
  const runs = new Runs({
    ...parts,
    entry,
    historyRefusal: async () => refusalOfHistory(caller),
    onChange: ({endedAt, clouds: of}) => {
      if (endedAt !== undefined) clouds.expire(of);
    },
  });
  const feeds = new Feeds({secrets: parts.secrets, history, look: async (id) => lookAtRun(id, {runs, history, parts})});
  const plans = new Plans({...parts, plansFolder: join(folder, 'plans')});
  await Promise.all([runs.recover(), plans.store.open()]);
  clouds.begin();
  const definitions = new Definitions(parts, words);
  return {parts, permissions, profile: profile ?? 'scs-v1', clouds, definitions, history, runs, feeds, plans};
}
