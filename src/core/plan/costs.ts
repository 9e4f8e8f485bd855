import type {Definition} from '../definition/definition.ts';

/** What carrying out a plan takes. */
export interface PlanCosts {
  /** Images that are imported, built, or copied into another store. */
  readonly transfers: number;
  /** Bytes of those whose size is known. */
  readonly bytes: number;
  /** How many of them have an unknown size. */
  readonly unknown: number;
  /** Test servers, at most: an image that fails gets no further one. */
  readonly boots: number;
}

interface Planned {
  readonly definition: Pick<Definition, 'verify'>;
  readonly actions: readonly {readonly kind: string; readonly summary: {readonly bytes?: number}}[];
}

/** Adds up what the actions of all definitions take; undefined where they take nothing. Asks nobody. */
export function costsOf(plans: readonly Planned[]): PlanCosts | undefined {
  const costs = {transfers: 0, bytes: 0, unknown: 0, boots: 0};
  for (const {definition, actions} of plans)
    for (const {kind, summary} of actions) {
      if (kind === 'verify') costs.boots += definition.verify?.datasources?.length ?? 1;
      if (kind !== 'acquire' && kind !== 'copy') continue;
      costs.transfers += 1;
      costs.bytes += summary.bytes ?? 0;
      costs.unknown += Number(summary.bytes === undefined);
    }
  return costs.transfers + costs.boots > 0 ? costs : undefined;
}
