import type {RuleId} from './ids.ts';
import {OWN_RULES} from './imgmgr/rules.ts';
import {OPENSTACK_RULES} from './openstack/rules.ts';
import type {Rule} from './rule.ts';
import {LICENSING_RULES} from './scs-0102/licensing.ts';
import {ORIGIN_RULES} from './scs-0102/origin.ts';
import {PROMISE_RULES} from './scs-0102/promises.ts';
import {PURPOSE_RULES} from './scs-0102/purpose.ts';
import {RECENCY_RULES} from './scs-0102/recency.ts';
import {TECHNICAL_RULES} from './scs-0102/technical.ts';
import {STANDARD_IMAGE_RULES} from './scs-0104/rules.ts';

/** Every rule, by group. */
export const RULES: readonly Rule[] = [
  ...OPENSTACK_RULES,
  ...[...TECHNICAL_RULES, ...PURPOSE_RULES, ...ORIGIN_RULES, ...PROMISE_RULES, ...RECENCY_RULES, ...LICENSING_RULES],
  ...STANDARD_IMAGE_RULES,
  ...OWN_RULES,
];

const BY_ID: ReadonlyMap<RuleId, Rule> = new Map(RULES.map((rule) => [rule.id, rule]));

/** The rule of that id. */
export function ruleOf(id: RuleId): Rule {
  const rule = BY_ID.get(id);
  if (rule === undefined) throw new Error(`the rule ${id} is in no group`);
  return rule;
}
