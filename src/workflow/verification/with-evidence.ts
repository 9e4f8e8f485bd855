import type {PlanFailure} from '../../core/plan/plan.ts';
import {ImgmgrError} from '../../errors.ts';
import type {CloudPlan} from '../run/observe.ts';
import type {VerificationParts} from './types.ts';

/** The plan, whose errors about failed images say where their evidence is on this host, or that it has none; as it is where that cannot be asked. */
export async function withEvidence(plan: CloudPlan, find: VerificationParts['findEvidence']): Promise<CloudPlan> {
  if (!find) return plan;
  const definitions = plan.definitions.map(async (one) => ({
    ...one,
    failures: await Promise.all(one.failures.map((failure) => explained(failure, find))),
  }));
  return {...plan, definitions: await Promise.all(definitions)};
}

async function explained(
  failure: PlanFailure,
  find: NonNullable<VerificationParts['findEvidence']>,
): Promise<PlanFailure> {
  const {error, image} = failure;
  if (image === undefined) return failure;
  const path = await find(image);
  const where = path === undefined ? 'this host has no evidence file of it' : `evidence: ${path}`;
  const detail = {
    ...(error.hint !== undefined && {hint: error.hint}),
    ...(error.place !== undefined && {place: error.place}),
  };
  return {...failure, error: new ImgmgrError(error.code, `${error.message}; ${where}`, detail)};
}
