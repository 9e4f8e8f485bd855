import type {Policy} from '../core/policy.ts';
import {DEFAULT_POLICY} from '../core/policy.ts';
import type {RunOptions} from '../workflow/types.ts';
import type {AcquireSettings, DeletionSettings, RetireSettings, RunSettings, TestSettings} from './requests.ts';

/** The peer's deadline of one image. */
export const DEFAULT_IMPORT_TIMEOUT_MS = 1_800_000;

/** The parts of a request that say how the workflow goes about it; what a verb does not have stays as the defaults are. */
export interface OptionParts {
  readonly run: RunSettings;
  readonly dryRun?: boolean;
  readonly definitions?: {readonly force: boolean};
  readonly acquire?: AcquireSettings;
  readonly tests?: TestSettings;
  readonly retire?: Partial<RetireSettings>;
  readonly deletion?: DeletionSettings;
}

/** One request's options for the workflow; `fixed`: what the verb itself decides. */
export function runOptions(parts: OptionParts, fixed: Partial<Policy> = {}): RunOptions {
  const {method, prefetch, stuckRetry, importTimeoutMs, limits, ...acquire} = parts.acquire ?? NOTHING_ACQUIRED;
  const {verify, reverify, quarantine} = parts.tests ?? DEFAULT_POLICY;
  const policy = {...DEFAULT_POLICY, ...acquire, verify, reverify, quarantine, ...parts.retire, ...parts.deletion};
  return {
    policy: {...policy, force: parts.definitions?.force ?? DEFAULT_POLICY.force, ...fixed},
    dryRun: parts.dryRun ?? false,
    jobs: parts.run.jobs,
    ...(parts.run.waitLockMs !== undefined && {waitLockMs: parts.run.waitLockMs}),
    ...(method !== undefined && {method}),
    ...(prefetch !== undefined && {prefetch}),
    stuckRetry,
    importTimeoutMs,
    limits: limits ?? {},
    silenceNotVerified: !policy.verify,
  };
}

const NOTHING_ACQUIRED: Partial<AcquireSettings> & Pick<AcquireSettings, 'stuckRetry' | 'importTimeoutMs'> = {
  stuckRetry: 0,
  importTimeoutMs: DEFAULT_IMPORT_TIMEOUT_MS,
};
