/** One rule of a service's policy, who may by default, and the calls of ours that it allows. */
export interface PolicyRule {
  readonly name: string;
  /** The default of 2022.2 and later, as oslo.policy reads it. */
  readonly default: string;
  /** What the role has to fulfil besides; absent: nothing. */
  readonly target?: string;
  /**
   * When the role needs it. `always`: an admin alone may by default. `enforced`: any role in the project may, unless the service enforces the
   * newer defaults. Else: only where that is so.
   */
  readonly need: 'always' | 'enforced' | {readonly only: string};
  /** What for. */
  readonly why: string;
  /** `METHOD /path`, `*` for an id; none: another service asks for us. */
  readonly calls: readonly string[];
}

/** What is asked about belongs to the project that the token is for. */
export const OWN = 'project_id:%(project_id)s';
