import {machineOf} from '../core/build/claims.ts';
import type {Machine} from '../core/build/spec.ts';
import type {Definition} from '../core/definition/definition.ts';
import {DISABLED_HINT, disabledText, onlyEnabled} from '../core/definition/disabled.ts';
import {filterDefinitions} from '../core/definition/filter.ts';
import type {Emit} from '../core/events.ts';
import type {RunOptions} from '../workflow/types.ts';
import type {AppPorts} from './ports.ts';
import type {DefinitionChoice} from './requests.ts';

/** The definitions that a run works on, and the names of all that were read. */
export interface Selection {
  readonly definitions: readonly Definition[];
  readonly allNames: ReadonlySet<string>;
  /** All that were read, whether chosen or not; absent: the one that is worked on was made from the request. */
  readonly all?: readonly Definition[];
}

/** Reads the definitions and takes those that were chosen, the disabled ones among them. DEFINITION with all problems at once. */
export async function select({images, filter}: DefinitionChoice, {files}: Pick<AppPorts, 'files'>): Promise<Selection> {
  const all = await files.definitions(images);
  return {definitions: filterDefinitions(all, filter), allNames: new Set(all.map(({name}) => name)), all};
}

/** The definitions that a run works on: disabled ones only with `--force`. */
export function activeOf({definitions}: Selection, {policy}: Pick<RunOptions, 'policy'>): readonly Definition[] {
  return onlyEnabled(definitions, policy.force).definitions;
}

/** Only what is built, for one architecture where that is said. */
export function onlyBuilt({definitions, ...others}: Selection, arch: Machine | undefined): Selection {
  const isBuilt = ({build, meta}: Definition): boolean =>
    build !== undefined && (arch === undefined || machineOf(meta) === arch);
  return {definitions: definitions.filter(isBuilt), ...others};
}

/** Warns where every selected definition is disabled, or none was selected, so that there is nothing to do. */
export function warnThatAllAreDisabled(disabled: number, emit: Emit): void {
  const nothing =
    disabled === 0 ? 'no definition was selected' : `${disabledText(disabled)}, and no other was selected`;
  emit({
    type: 'warning',
    code: 'no-definitions-enabled',
    message: `${nothing}: nothing to do`,
    ...(disabled > 0 && {hint: DISABLED_HINT}),
  });
}
