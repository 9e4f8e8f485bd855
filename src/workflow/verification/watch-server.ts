import type {ServerState} from '../../core/verdict/judge.ts';
import type {Ticket} from '../../ports/report-desk.ts';
import type {ServerInterface, TestServer} from '../../ports/test-server-host.ts';
import type {GuestReport} from '../../core/guest-report.ts';
import {isBeyondHope, readConsole as signOf} from '../../core/verdict/console-signs.ts';
import {consoleLines} from '../../core/verdict/console-text.ts';
import {judge} from '../../core/verdict/judge.ts';
import type {Witnesses} from '../../core/verdict/judge.ts';
import type {Cause, Verdict} from '../../core/verdict/verdict.ts';
import {imageFault} from '../../core/verdict/verdict.ts';
import {asImgmgrError} from '../../errors.ts';
import type {Boot} from './verifier.ts';

/** The first looks come sooner: a server that cannot be made, or an appliance that is up at once, need not be waited for. */
const FIRST_LOOK_MS = 500;
const LOOK_MS = 2_000;
/** Once it runs, its report is what ends the wait; looks only show early that none can come, and cost the cloud more than us. */
const ACTIVE_LOOK_MS = 5_000;
const CONSOLE_MS = 10_000;

/** A server that was ordered, and how long it is waited for. */
export interface Wait {
  readonly boot: Boot;
  readonly server: TestServer;
  readonly startMs: number;
  readonly deadlineMs: number;
}

/** What the wait ended with. */
export interface Seen {
  readonly witnesses: Witnesses;
  /** Where the witnesses alone do not decide. */
  readonly verdict?: Verdict;
  /** From the agent's hello to its report. */
  readonly guestMs?: number;
}

/** Waits for the report, looking at Nova and the console meanwhile; ends early when no report can come any more. */
export async function waitForReport(wait: Wait & {readonly ticket: Ticket}): Promise<Seen> {
  const {boot, ticket, startMs, deadlineMs} = wait;
  const {context} = boot.verifier;
  const {runtime, signal} = context;
  let report: GuestReport | undefined;
  let state: ServerState = {kind: 'building', detail: 'not looked at yet'};
  let console: string | undefined;
  let consoleMs = startMs;
  const ended = new AbortController();
  const either = AbortSignal.any([signal, ended.signal]);
  let greetedMs: number | undefined;
  let guestMs: number | undefined;
  void ticket.greeted.then(() => {
    greetedMs = runtime.monotonic();
  });
  const arrived = ticket.report.then(
    (reported) => {
      report = reported;
      if (greetedMs !== undefined) guestMs = runtime.monotonic() - greetedMs;
      ended.abort();
    },
    () => ended.abort(),
  );
  const elapsed = (): number => runtime.monotonic() - startMs;
  for (let pauseMs = FIRST_LOOK_MS; report === undefined && elapsed() < deadlineMs; pauseMs = longer(pauseMs, state)) {
    await runtime.sleep(Math.min(pauseMs, deadlineMs - elapsed()), either).catch(() => undefined);
    signal.throwIfAborted();
    if (ended.signal.aborted) break;
    progress(wait, elapsed());
    state = (await lookAt(wait)) ?? state;
    if (state.kind === 'error' || state.kind === 'gone' || state.kind === 'stopped') break;
    if (state.kind !== 'active' || runtime.monotonic() - consoleMs < CONSOLE_MS) continue;
    consoleMs = runtime.monotonic();
    console = (await readConsole(wait)) ?? console;
    if (console !== undefined && isOver(console, ticket.seen().hello)) break;
  }
  // What was sent before the server went down may still be on its way through the listener.
  if (state.kind === 'stopped') await Promise.race([arrived, runtime.sleep(1_000, signal)]);
  if (report === undefined) console = (await readConsole(wait)) ?? console;
  const reported: GuestReport | undefined = report;
  return {
    ...(guestMs !== undefined && {guestMs}),
    witnesses: {
      server: state,
      trace: ticket.seen(),
      waitedMs: elapsed(),
      ...(console !== undefined && {console}),
      ...(reported !== undefined && {report: reported}),
    },
  };
}

/** No report can come any more. Of a guest that has spoken to us already, only the end of its agent or its kernel is believed. */
function isOver(text: string, hello: boolean): boolean {
  return hello ? ['agent-killed', 'kernel-panic'].includes(signOf(text, {reached: true})) : isBeyondHope(text);
}

/** `mode: boot`: the server is up when its console shows the pattern, or the port answers. */
export async function watchBoot(wait: Wait): Promise<Seen> {
  const {boot, server, startMs, deadlineMs} = wait;
  const {context} = boot.verifier;
  const {runtime, signal, parts} = context;
  const {port, console: wanted} = boot.task.settings;
  const pattern = new RegExp(wanted ?? (port === undefined ? 'login:' : '(?!)'));
  const elapsed = (): number => runtime.monotonic() - startMs;
  let state: ServerState = {kind: 'building', detail: 'not looked at yet'};
  let console: string | undefined;
  let found: string | undefined;
  for (let pauseMs = FIRST_LOOK_MS; found === undefined && elapsed() < deadlineMs; pauseMs = longer(pauseMs, state)) {
    await runtime.sleep(Math.min(pauseMs, deadlineMs - elapsed()), signal);
    progress(wait, elapsed());
    state = (await lookAt(wait)) ?? state;
    if (state.kind === 'error' || state.kind === 'gone') break;
    if (state.kind === 'building') continue;
    console = (await readConsole(wait)) ?? console;
    if (console !== undefined && hasLine(console, pattern)) found = `the console shows ${pattern.source}`;
    else if (port !== undefined && (await anyAnswers(server.interfaces, port, parts.probePort)))
      found = `TCP port ${port} answers`;
    else if (state.kind === 'stopped' || (console !== undefined && isBeyondHope(console))) break;
  }
  const witnesses: Witnesses = {
    server: state,
    // No agent is asked.
    trace: {agentFetched: false, hello: false, refused: []},
    waitedMs: elapsed(),
    ...(console !== undefined && {console}),
  };
  const expected = port === undefined ? `/${pattern.source}/ on the console` : `TCP port ${port}`;
  return {witnesses, verdict: found === undefined ? unbooted(witnesses, expected) : booted(found)};
}

const PATTERN_SEES = 512;

/** Only in the beginning of each line, so that the definition's pattern costs little whatever the guest prints. */
function hasLine(text: string, pattern: RegExp): boolean {
  return consoleLines(text).some((line) => pattern.test(line.slice(0, PATTERN_SEES)));
}

function longer(pauseMs: number, {kind}: ServerState): number {
  return Math.min(pauseMs * 1.5, kind === 'active' ? ACTIVE_LOOK_MS : LOOK_MS);
}

function booted(found: string): Verdict {
  return {kind: 'pass', cause: 'passed', message: found, failed: [], warned: [], checks: [], facts: {}};
}

/** Nova and the console may know better than "not seen". */
function unbooted(witnesses: Witnesses, expected: string): Verdict {
  const verdict = judge(witnesses);
  if (verdict.kind === 'environment' || !NO_CALL.has(verdict.cause)) return verdict;
  return imageFault(
    'not-reached',
    `${expected} did not come within ${Math.round(witnesses.waitedMs / 1000)} s`,
    'raise verify.deadline, or correct what is waited for',
  );
}

const NO_CALL: ReadonlySet<Cause> = new Set([
  'agent-missing',
  'no-report',
  'cloud-init-failed',
  'no-network',
  'agent-killed',
]);

async function anyAnswers(
  interfaces: readonly ServerInterface[],
  port: number,
  probe: (address: string, port: number) => Promise<boolean>,
): Promise<boolean> {
  const answers = await Promise.all(
    interfaces.flatMap(({addresses}) => addresses).map((address) => probe(address, port)),
  );
  return answers.includes(true);
}

/** Passing faults of the API are sat out: the deadline ends the wait anyway. */
async function lookAt({boot, server}: Wait): Promise<ServerState | undefined> {
  try {
    return await boot.verifier.tests.look(server);
  } catch (error) {
    const {code} = asImgmgrError(error);
    if (code === 'UNAVAILABLE' || code === 'TIMEOUT' || code === 'PROTOCOL') return undefined;
    throw error;
  }
}

async function readConsole({boot, server}: Wait): Promise<string | undefined> {
  try {
    return await boot.verifier.tests.console(server);
  } catch {
    return undefined;
  }
}

function progress({boot, deadlineMs}: Wait, elapsedMs: number): void {
  const {verifier, task} = boot;
  task.emit({
    type: 'progress',
    cloud: verifier.context.store.cloud,
    definition: task.definition,
    version: task.version ?? '',
    image: task.image.id,
    phase: 'booting',
    elapsedMs,
    limitMs: deadlineMs,
  });
}
