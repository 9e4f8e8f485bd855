import type {StoredAction, StoredDefinition, StoredPlan} from './stored-plan.ts';
import {canonicalText} from './stored-plan.ts';

/** True when the fresh plan does exactly what the stored one does, decided on the same facts. */
export function samePlan(stored: StoredPlan, fresh: StoredPlan): boolean {
  return comparePlans(stored, fresh).length === 0;
}

/** What differs, one sentence each without a full stop; reasons are not compared, since they can hold the time. */
export function comparePlans(stored: StoredPlan, fresh: StoredPlan): readonly string[] {
  if (stored.cloud !== fresh.cloud) return [`the plan is for the cloud ${stored.cloud}, not for ${fresh.cloud}`];
  const before = new Map(stored.definitions.map((one) => [one.name, one]));
  const after = new Map(fresh.definitions.map((one) => [one.name, one]));
  return [
    ...compareActions('leftovers', stored.leftovers, fresh.leftovers),
    ...[...before.keys()].filter((name) => !after.has(name)).map((name) => `${name}: is not planned now`),
    ...[...after].flatMap(([name, one]) => {
      const old = before.get(name);
      return old ? compareDefinitions(old, one) : [`${name}: was not planned then`];
    }),
  ];
}

function compareDefinitions(stored: StoredDefinition, fresh: StoredDefinition): readonly string[] {
  const {name} = fresh;
  const standing = ({failures, error, busy}: StoredDefinition): string => canonicalText({failures, error, busy});
  return [
    ...(standing(stored) === standing(fresh) ? [] : [`${name}: other versions cannot be had now`]),
    ...compareActions(name, stored.actions, fresh.actions),
  ];
}

function compareActions(
  name: string,
  stored: readonly StoredAction[],
  fresh: readonly StoredAction[],
): readonly string[] {
  const before = new Map(stored.map((action) => [action.id, action]));
  const after = new Map(fresh.map((action) => [action.id, action]));
  const found = [
    ...stored.filter(({id}) => !after.has(id)).map(({id}) => `${name}: "${id}" is not planned now`),
    ...fresh.flatMap((action) => {
      const old = before.get(action.id);
      if (!old) return [`${name}: "${action.id}" was not planned then`];
      const fields = differingFields(old, action);
      return fields.length === 0 ? [] : [`${name}: "${action.id}" differs in ${fields.join(', ')}`];
    }),
  ];
  const ids = (actions: readonly StoredAction[]): string => canonicalText(actions.map(({id}) => id));
  return found.length === 0 && ids(stored) !== ids(fresh) ? [`${name}: the order of the actions differs`] : found;
}

/** `facts.release`, `effects.counts`, `dependsOn`. */
function differingFields(stored: StoredAction, fresh: StoredAction): readonly string[] {
  const flat = ({kind, dependsOn, effects, facts}: StoredAction): ReadonlyMap<string, string> =>
    new Map([
      ['kind', kind],
      ['dependsOn', canonicalText(dependsOn)],
      ...Object.entries(effects).map(([key, value]) => [`effects.${key}`, canonicalText(value)] as const),
      ...Object.entries(facts).map(([key, value]) => [`facts.${key}`, canonicalText(value)] as const),
    ]);
  const [a, b] = [flat(stored), flat(fresh)];
  return [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key));
}
