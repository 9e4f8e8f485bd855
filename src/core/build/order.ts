import type {Definition} from '../definition/definition.ts';
import {ImgmgrError, formatPosition} from '../../errors.ts';
import {machineOf} from './claims.ts';
import type {BuildSpec, Machine} from './spec.ts';

/** What a definition orders of a builder. DEFINITION where it has no section `build`, or says of no machine that can be built for. */
export function buildOrder(definition: Definition): {readonly spec: BuildSpec; readonly machine: Machine} {
  const machine = machineOf(definition.meta);
  if (definition.build && machine) return {spec: definition.build, machine};
  throw new ImgmgrError('DEFINITION', `${definition.name} cannot be built`, {place: formatPosition(definition.place)});
}
