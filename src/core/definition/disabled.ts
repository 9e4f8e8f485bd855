import {ImgmgrError} from '../../errors.ts';
import type {Definition} from './definition.ts';

/** The definitions to work on, and how many are left out because they are disabled. */
export interface Enabled {
  readonly definitions: readonly Definition[];
  readonly disabled: number;
}

/** Leaves disabled definitions out, unless `force`. */
export function onlyEnabled(selected: readonly Definition[], force: boolean): Enabled {
  const definitions = selected.filter(({enabled}) => enabled || force);
  return {definitions, disabled: selected.length - definitions.length};
}

/** `1 definition is disabled`. */
export function disabledText(number: number): string {
  return number === 1 ? '1 definition is disabled' : `${number} definitions are disabled`;
}

/** What to do where nothing else was selected. */
export const DISABLED_HINT = 'add --force, or set "enable: true" in the definition';

/** USAGE for `build`, where the selected definitions with a section "build" are all disabled. */
export function allBuildsDisabled(disabled: number): ImgmgrError {
  return new ImgmgrError('USAGE', `${disabledText(disabled)}, and no other selected one has a section "build"`, {
    hint: DISABLED_HINT,
  });
}
