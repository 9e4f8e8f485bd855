import type {CheckOutcome} from '../guest-report.ts';
import type {Severity} from './checks.ts';

/** Why a verdict is what it is; the closed set that evidence, reports and docs/verification.md share. */
export type Cause =
  | 'passed'
  // the image's fault
  | 'never-booted'
  | 'silent-console'
  | 'no-bootable-device'
  | 'no-root-device'
  | 'kernel-panic'
  | 'emergency-mode'
  | 'root-read-only'
  | 'no-network'
  | 'cloud-init-failed'
  | 'agent-missing'
  | 'agent-killed'
  | 'no-report'
  | 'powered-off'
  | 'report-incomplete'
  | 'checks-failed'
  | 'not-reached'
  // the environment's fault
  | 'no-valid-host'
  | 'quota'
  | 'no-flavor'
  | 'no-network-to-boot-on'
  | 'no-witness'
  | 'listener-unreachable'
  | 'hypervisor-too-slow'
  | 'server-gone'
  | 'cloud-failed';

/** `environment`: the cloud or this host is at fault, so nothing is known about the image. */
export type VerdictKind = 'pass' | 'fail' | 'environment';

/** One check with the severity that counts for this image. */
export interface JudgedCheck {
  readonly id: string;
  readonly severity: Severity;
  readonly outcome: CheckOutcome;
  readonly detail: string;
}

/** What is held of an image after its test. */
export interface Verdict {
  readonly kind: VerdictKind;
  readonly cause: Cause;
  /** One sentence for people, without a full stop. */
  readonly message: string;
  readonly hint?: string;
  /** Ids of the checks that failed the image. */
  readonly failed: readonly string[];
  /** Ids of checks that are only warned of. */
  readonly warned: readonly string[];
  readonly checks: readonly JudgedCheck[];
  readonly facts: Readonly<Record<string, string>>;
  readonly agentVersion?: string;
}

/** A verdict about the environment. */
export function environmentFault(cause: Cause, message: string, hint?: string): Verdict {
  return {kind: 'environment', cause, message, ...(hint !== undefined && {hint}), ...NOTHING_CHECKED};
}

/** A verdict about an image that did not report. */
export function imageFault(cause: Cause, message: string, hint?: string): Verdict {
  return {kind: 'fail', cause, message, ...(hint !== undefined && {hint}), ...NOTHING_CHECKED};
}

const NOTHING_CHECKED = {failed: [], warned: [], checks: [], facts: {}} as const;
