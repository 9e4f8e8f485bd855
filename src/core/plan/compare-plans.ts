import {canonicalText} from '../canonical-text.ts';
import {storedAnew} from './new-build.ts';
import type {StoredAction, StoredDefinition, StoredPlan} from './stored-plan.ts';

/**
 * What differs between a plan and a fresh one, by definition: one clause each; a definition without a difference is not named. Not compared:
 * reasons, since they can say the time; leases of dead runs; the version of a new build.
 */
export function comparePlans(stored: StoredPlan, fresh: StoredPlan): ReadonlyMap<string, readonly string[]> {
  const [before, after] = [byName(stored), byName(fresh)];
  const names = new Set([...before.keys(), ...after.keys()]);
  const differences = [...names].map((name) => [name, compareDefinitions(before.get(name), after.get(name))] as const);
  return new Map(differences.filter(([, found]) => found.length > 0));
}

function byName({definitions}: StoredPlan): ReadonlyMap<string, StoredDefinition> {
  return new Map(definitions.map((one) => [one.name, one]));
}

/** What differs for one definition, one clause each; undefined: it is not planned at all. */
export function compareDefinitions(
  stored: StoredDefinition | undefined,
  fresh: StoredDefinition | undefined,
): readonly string[] {
  if (!stored || !fresh) return stored ? ['it is not planned now'] : ['it was not planned then'];
  const [before, after] = [storedAnew(stored), storedAnew(fresh)];
  return [...compareStanding(before, after), ...compareActions(before.actions, after.actions)];
}

function compareStanding(stored: StoredDefinition, fresh: StoredDefinition): readonly string[] {
  const [before, after] = [failuresOf(stored), failuresOf(fresh)];
  return [
    ...(stored.busy === fresh.busy
      ? []
      : [fresh.busy ? 'another run works on it now' : 'another run worked on it then']),
    ...(stored.error === fresh.error
      ? []
      : [`its error was ${brief(stored.error ?? 'none')}, is ${fresh.error ?? 'none'}`]),
    ...[...after].filter(([key]) => !before.has(key)).map(([, text]) => `${text} now, not then`),
    ...[...before].filter(([key]) => !after.has(key)).map(([, text]) => `${text} then, not now`),
  ];
}

function failuresOf({failures}: StoredDefinition): ReadonlyMap<string, string> {
  return new Map(
    failures.map((failure) => [
      canonicalText(failure),
      `version ${brief(failure.version)} fails (${brief(failure.code)})`,
    ]),
  );
}

function compareActions(stored: readonly StoredAction[], fresh: readonly StoredAction[]): readonly string[] {
  const before = new Map(stored.map((action) => [action.id, action]));
  const after = new Map(fresh.map((action) => [action.id, action]));
  const found = [
    ...stored.filter(({id}) => !after.has(id)).map(({id}) => `${quoted(id)} is not planned now`),
    ...fresh.flatMap((action) => {
      const old = before.get(action.id);
      if (!old) return [`${quoted(action.id)} was not planned then`];
      const fields = differingFields(old, action);
      return fields.length === 0 ? [] : [`${quoted(action.id)} differs: ${fields.join(', ')}`];
    }),
  ];
  const ids = (actions: readonly StoredAction[]): string => canonicalText(actions.map(({id}) => id));
  return found.length === 0 && ids(stored) !== ids(fresh) ? ['the order of the actions differs'] : found;
}

function quoted(id: string): string {
  return `"${brief(id)}"`;
}

/** How much of an id, a field or a value is shown: a file that was edited may hold any length. */
const MOST_CHARACTERS = 200;

function brief(text: string): string {
  return text.length <= MOST_CHARACTERS ? text : `${text.slice(0, MOST_CHARACTERS)}…`;
}

/** How many fields of one action are named. */
const MOST_FIELDS = 8;

/** `image.protected was false, is true`, `release.digest was absent, is "sha256:…"`. */
function differingFields(stored: StoredAction, fresh: StoredAction): readonly string[] {
  const [a, b] = [leavesOf(stored), leavesOf(fresh)];
  const fields = [...new Set([...a.keys(), ...b.keys()])].filter((key) => a.get(key) !== b.get(key));
  const more = fields.length - MOST_FIELDS;
  return [
    ...fields
      .slice(0, MOST_FIELDS)
      .map((key) => `${brief(key)} was ${brief(a.get(key) ?? 'absent')}, is ${brief(b.get(key) ?? 'absent')}`),
    ...(more > 0 ? [`and ${more} more`] : []),
  ];
}

/** Every value of an action as JSON, by the path to it. */
function leavesOf({kind, dependsOn, effects, facts}: StoredAction): ReadonlyMap<string, string> {
  const leaves = new Map<string, string>();
  const add = (path: string, value: unknown): void => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) leaves.set(path, canonicalText(value));
    else for (const [key, inner] of Object.entries(value)) add(path === '' ? key : `${path}.${key}`, inner);
  };
  add('', {kind, dependsOn, ...effects, ...facts});
  return leaves;
}
