import {DISABLED_HINT, disabledText} from '../core/definition/disabled.ts';
import type {Emit} from '../core/events.ts';

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
