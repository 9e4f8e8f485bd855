/** What `rollback` did on one cloud: its answer. */
export interface RolledBack {
  readonly type: 'rolled-back';
  readonly cloud: string;
  readonly definition: string;
  /** `pull`: nothing bears the name now. `undo`: a revocation was lifted. */
  readonly how: 'rollback' | 'pull' | 'undo';
  /** Versions that are revoked, or no longer so; none where an earlier rollback was only finished. */
  readonly versions: readonly string[];
  /** The version that got the name; null: none did. */
  readonly current: string | null;
  /** As it was given. */
  readonly reason?: string;
  /** What to add to the definition, so that no other cloud imports these versions; said once for all clouds. */
  readonly lines: readonly string[];
}
