import {compareDefinitions} from '../../core/plan/compare-plans.ts';
import type {DefinitionPlan} from '../../core/plan/plan.ts';
import {storeDefinition} from '../../core/plan/store-plan.ts';
import {ImgmgrError} from '../../errors.ts';
import type {CloudRun} from '../types.ts';
import {withoutKept} from './deletions.ts';
import type {CloudPlan} from './observe.ts';

/** The plan with an error, and nothing to do, for each definition whose plan is not the approved one; as it is where none is approved. */
export async function asApproved(run: CloudRun, plan: CloudPlan): Promise<CloudPlan> {
  const {approved} = run.options;
  if (!approved) return plan;
  // Who uses which image was reported when all clouds were compared.
  const allowed = await withoutKept({...run, emit: () => undefined}, plan.definitions);
  const definitions = allowed.map((one) => {
    const stored = approved.definitions.find(({name}) => name === one.definition.name);
    return refusedWhereDifferent(one, compareDefinitions(stored, storeDefinition(one)));
  });
  return {...plan, definitions};
}

function refusedWhereDifferent(plan: DefinitionPlan, differences: readonly string[]): DefinitionPlan {
  if (differences.length === 0) return plan;
  return {
    ...plan,
    ...{actions: [], failures: [], publishes: [], deletable: [], pending: 0, busy: false},
    error: differsFromPlan(plan.definition.name, differences),
  };
}

/** The error of a definition whose plan is not the one of the file. */
export function differsFromPlan(definition: string, differences: readonly string[]): ImgmgrError {
  const [shown, more] = [differences.slice(0, MOST_SHOWN), differences.length - MOST_SHOWN];
  const others = more > 0 ? `; and ${more} more` : '';
  return new ImgmgrError('CONFLICT', `${definition} differs from the plan: ${shown.join('; ')}${others}`, {
    hint: 'nothing of it was done: look at the difference, then make a new plan with dry-run --out, or give rollback again',
  });
}

const MOST_SHOWN = 10;
