import type {VerifySettings} from '../definition/definition.ts';
import type {CheckResult, GuestReport} from '../guest-report.ts';
import {CHECKS} from './checks.ts';
import type {Severity} from './checks.ts';
import {readConsole} from './console-signs.ts';
import {isStandIn} from './console-text.ts';
import type {ConsoleSign} from './console-signs.ts';
import type {Silence} from './silences.ts';
import {FETCHED_ONLY, KILLED, POWERED_OFF, REFUSED, SILENCES, UNHEARD, UNSEEN} from './silences.ts';
import type {Cause, JudgedCheck, Verdict} from './verdict.ts';
import {environmentFault, imageFault} from './verdict.ts';

/** What kept a test server from starting, where it is known: the image, or what the cloud lacks. */
export type FaultCause = 'image' | 'quota' | 'no-valid-host';

/** What the cloud says of a test server. */
export type ServerState =
  | {readonly kind: 'building'; readonly detail: string}
  | {readonly kind: 'active'}
  /** It ran and is off now. */
  | {readonly kind: 'stopped'}
  /** It could not be started: the reason in the words of the host, what that is about where the host knows it, and the id of the request. */
  | {readonly kind: 'error'; readonly fault: string; readonly cause?: FaultCause; readonly requestId?: string}
  | {readonly kind: 'gone'};

/** The three witnesses: Nova, the console, the guest; and what reached the listener besides. */
export interface Witnesses {
  readonly server: ServerState;
  /** undefined: the cloud gives no console. */
  readonly console?: string;
  readonly report?: GuestReport;
  readonly trace: {readonly agentFetched: boolean; readonly hello: boolean; readonly refused: readonly string[]};
  /** How long was waited for the report, milliseconds. */
  readonly waitedMs: number;
}

/** What a definition says of how its guests are judged. */
export type JudgeSettings = Pick<VerifySettings, 'checks' | 'start'>;

/** The verdict on a test server; the first witness that can name the cause names it. */
export function judge(witnesses: Witnesses, settings: JudgeSettings = {}): Verdict {
  const {report, server} = witnesses;
  if (report) return judgeReport(report, settings);
  switch (server.kind) {
    case 'error':
      return judgeFault(server);
    case 'gone':
      return environmentFault(
        'server-gone',
        'the test server vanished while its report was awaited',
        'somebody deleted it; run again',
      );
    case 'building':
      return environmentFault(
        'cloud-failed',
        `the server was still being built after ${seconds(witnesses.waitedMs)} (${server.detail})`,
        'look at the compute service; run again',
      );
    case 'stopped':
    case 'active':
      return judgeSilence(witnesses, {state: server.kind, settings});
  }
}

/** Severity that counts for a check: the definition's word before the check's own; undefined: switched off. */
export function severityOf(id: string, settings: JudgeSettings): Severity | undefined {
  const own = CHECKS.find((check) => check.id === id)?.severity ?? 'info';
  // A guest may call a check `constructor`.
  const setting = settings.checks && Object.hasOwn(settings.checks, id) ? settings.checks[id] : undefined;
  if (setting === false) return undefined;
  return setting === undefined || setting === true ? own : setting;
}

function judgeReport(report: GuestReport, settings: JudgeSettings): Verdict {
  const checks = report.checks.flatMap((result): JudgedCheck[] => {
    const severity = severityOf(result.id, settings);
    return severity === undefined ? [] : [{id: result.id, severity, outcome: result.outcome, detail: result.detail}];
  });
  const about = {checks, facts: report.facts, agentVersion: report.agentVersion};
  const missing = missingChecks(report.checks, settings);
  const warned = checks.filter((check) => check.severity === 'warn' && isBad(check)).map(({id}) => id);
  const bad = checks.filter((check) => check.severity === 'fail' && isBad(check));
  const failed = bad.map(({id}) => id);
  if (missing.length > 0)
    return {
      kind: 'fail',
      cause: 'report-incomplete',
      message: `the report lacks ${missing.join(', ')}`,
      hint: 'the agent in the image is older than this imgmgr; build the image again, or leave the agent out of it',
      failed: [...missing, ...failed],
      warned,
      ...about,
    };
  if (failed.length > 0)
    return {
      kind: 'fail',
      cause: 'checks-failed',
      message: bad.map(({id, detail}) => `${id}: ${detail}`).join('; '),
      ...(failed.includes('ready') && !('ready.tries' in report.facts) && {hint: TRIED_ONCE}),
      failed,
      warned,
      ...about,
    };
  const passed = checks.filter(({outcome}) => outcome === 'pass').length;
  const notApplicable = checks.filter(({outcome}) => outcome === 'not-applicable').length;
  const also = [
    ...(warned.length > 0 ? [`warnings: ${warned.join(', ')}`] : []),
    ...(notApplicable > 0 ? [`${notApplicable} not applicable`] : []),
  ];
  return {
    kind: 'pass',
    cause: 'passed',
    message: [`${passed} checks passed`, ...also].join(', '),
    failed,
    warned,
    ...about,
  };
}

const TRIED_ONCE =
  'the agent in the image is older than this imgmgr, and tried the ready command once; build the image again, or leave the agent out of it';

/** A check that could not be done proves nothing, so it counts like a failed one. */
function isBad({outcome}: {readonly outcome: CheckResult['outcome']}): boolean {
  return outcome === 'fail' || outcome === 'error';
}

/** Fail-level checks that the report says nothing about. An agent that is older than start commands is asked for none where none is given. */
function missingChecks(results: readonly CheckResult[], settings: JudgeSettings): string[] {
  const reported = new Set(results.map(({id}) => id));
  const asked = CHECKS.filter(({id}) => id !== 'start' || settings.start !== undefined);
  return asked.filter(({id}) => severityOf(id, settings) === 'fail' && !reported.has(id)).map(({id}) => id);
}

const FAULTS: Readonly<Record<FaultCause, (message: string) => Verdict>> = {
  image: (message) => imageFault('never-booted', message, 'the image cannot be started on this cloud'),
  quota: (message) => environmentFault('quota', message, 'raise the quota, or free something'),
  'no-valid-host': (message) =>
    environmentFault(
      'no-valid-host',
      message,
      'no hypervisor has room for the flavor, or none offers what the image asks for; see the scheduler log',
    ),
};

function judgeFault({fault, cause, requestId}: Extract<ServerState, {kind: 'error'}>): Verdict {
  const where = requestId === undefined ? '' : ` (${requestId})`;
  const message = `Nova could not start the server: ${fault === '' ? 'no reason given' : fault}${where}`;
  return cause === undefined
    ? environmentFault('cloud-failed', message, 'look at the compute service; run again')
    : FAULTS[cause](message);
}

const ENVIRONMENT_CAUSES: ReadonlySet<Cause> = new Set(['no-witness', 'listener-unreachable', 'hypervisor-too-slow']);

interface SilenceTerms {
  readonly state: 'active' | 'stopped';
  readonly settings: JudgeSettings;
}

function judgeSilence(witnesses: Witnesses, {state, settings}: SilenceTerms): Verdict {
  const {console, trace, waitedMs} = witnesses;
  const reached = trace.hello || trace.agentFetched;
  const shown = console === undefined || isStandIn(console) ? undefined : readConsole(console, {reached});
  // An empty console speaks against an image only if it has to use one.
  const isUnused = shown === 'silent' && severityOf('serial-console', settings) !== 'fail';
  const sign = isUnused ? undefined : shown;
  const after = `${state === 'stopped' ? 'the server powered itself off' : 'no report'} after ${seconds(waitedMs)}`;
  const refusals = trace.refused.length === 0 ? '' : `; refused: ${trace.refused.slice(-1).join('')}`;
  const fault = (silence: Silence): Verdict => {
    const make = ENVIRONMENT_CAUSES.has(silence.cause) ? environmentFault : imageFault;
    return make(silence.cause, `${after}: ${silence.text}${refusals}`, silence.hint);
  };
  // A guest that has called us had network, so only what came later can be the cause.
  const reported = sign === undefined || !AFTER_CONTACT.has(sign) ? undefined : SILENCES[sign];
  if (trace.hello) return fault(reported ?? (trace.refused.length > 0 ? REFUSED : KILLED));
  if (trace.agentFetched) return fault(reported ?? FETCHED_ONLY);
  if (state === 'stopped' && (sign === undefined || sign === 'booted')) return fault(POWERED_OFF);
  if (sign === undefined) return fault(isUnused ? UNHEARD : UNSEEN);
  return fault(SILENCES[sign]);
}

/** What a console can show of a guest that has reached us before. */
const AFTER_CONTACT: ReadonlySet<ConsoleSign> = new Set(['kernel-panic', 'agent-killed', 'listener-unreachable']);

function seconds(ms: number): string {
  return `${Math.round(ms / 1000)} s`;
}
