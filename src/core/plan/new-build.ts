import type {StoredAction, StoredDefinition} from './stored-plan.ts';

/** What stands for the version of a build that is to be made. */
const NEW_BUILD = '(new build)';

/**
 * The stored definition with one word for the version of a build that is to be made, and without its day: both say when the plan was made.
 */
export function storedAnew(definition: StoredDefinition): StoredDefinition {
  const version = definition.actions.find(isNewBuild)?.facts.release?.version;
  if (version === undefined) return definition;
  return {...definition, actions: definition.actions.map((action) => renamed(action, version))};
}

function isNewBuild({kind, facts}: StoredAction): boolean {
  return kind === 'acquire' && facts.release?.inputs !== undefined;
}

function renamed(action: StoredAction, version: string): StoredAction {
  const rename = (text: string): string => text.replaceAll(version, NEW_BUILD);
  const {effects, facts} = action;
  const {release, form, made} = facts;
  return {
    ...action,
    id: rename(action.id),
    dependsOn: action.dependsOn.map(rename),
    effects: {
      ...effects,
      ...(effects.publishes !== undefined && {publishes: rename(effects.publishes)}),
      ...(effects.replacedBy !== undefined && {replacedBy: rename(effects.replacedBy)}),
    },
    facts: {
      ...facts,
      ...(made !== undefined && {made: rename(made)}),
      ...(release && {release: {...release, version: rename(release.version)}}),
      ...(form && {form: {...form, name: rename(form.name), properties: propertiesOf(form.properties, rename)}}),
    },
  };
}

function propertiesOf(
  {image_build_date: day, ...properties}: Readonly<Record<string, string>>,
  rename: (text: string) => string,
): Record<string, string> {
  const versions = ['internal_version', 'os_version'].flatMap((key) => {
    const value = properties[key];
    return value === undefined ? [] : [[key, rename(value)] as const];
  });
  return {...properties, ...Object.fromEntries(versions), ...(day !== undefined && {image_build_date: NEW_BUILD})};
}
