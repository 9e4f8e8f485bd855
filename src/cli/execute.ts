import type {RunControl} from '../app/ports.ts';
import type {Caller, ContextParts} from '../compose/context.ts';
import {homeFolder} from '../config/home.ts';
import {givenRunId} from '../config/settings.ts';
import {shownFields, sumCounts} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import {asImgmgrError} from '../errors.ts';
import type {ImgmgrError} from '../errors.ts';
import {renderError} from '../report/error-text.ts';
import type {Reporter} from '../report/reporter.ts';
import {createReporter} from '../report/reporter.ts';
import type {Secrets} from '../secrets/registry.ts';
import {scrubEvent} from '../secrets/scrub-deep.ts';
import {VERSION} from '../version.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import {startRun} from './bus.ts';
import {createConfirm, createQuestion} from './confirm.ts';
import type {RunMetering} from './metrics.ts';
import {meterRun} from './metrics.ts';
import type {RunNotices} from './notify.ts';
import {notifyOf} from './notify.ts';
import {recordRun} from './record.ts';
import type {ExitCode} from './exit-codes.ts';
import {exitCodeOf} from './exit-codes.ts';
import type {Interruption} from './interruption.ts';
import {watchForInterruption} from './interruption.ts';
import type {Invocation, OutputChoice} from './invocation.ts';
import type {Env, Io} from './io.ts';

/** What an invocation is carried out with. */
export interface ExecuteParts {
  readonly io: Io;
  readonly env: Env;
  readonly secrets: Secrets;
  /** The command line, for the history; without it nothing is kept there. */
  readonly argv?: readonly string[];
}

/** Carries out one command: reports, listens for signals, sums up. Never throws; the answer is the exit code. */
export async function execute<Request>(
  invocation: Invocation<Request>,
  {io, env, secrets, argv}: ExecuteParts,
): Promise<ExitCode> {
  const startedMs = io.monotonic();
  const {output, command, report} = invocation;
  const reporter = await createReporter({
    sink: io,
    env,
    ...output,
    dryRun: report.dryRun,
    ...(report.answers && {answers: report.answers}),
    ...(report.wide === true && {wide: true}),
  });
  const {run, bus} = startRun(io, secrets, givenRunId(env));
  const {emit} = bus;
  const caller = callerOf(env);
  const recording = recordRun({invocation, argv, run, bus, caller, io, env, secrets});
  const metering = meterRun({invocation, bus, caller, io, secrets});
  const notices = notifyOf({invocation, bus, caller, io, secrets});
  for (const {name, sink} of reporter.sinks) bus.subscribe(name, sink);
  // Before anything else is loaded: a user at a terminal shall see that something happens.
  emit({type: 'starting', command, version: VERSION});
  const interruption = watchForInterruption(io, emit);
  bus.subscribe('interruption', ({event}) => interruption.observe(event));
  try {
    const work = {invocation, run, io, env, secrets, emit, reporter, interruption, metering, notices};
    const outcomes: CloudOutcome[] = [];
    // What has written nothing is not waited for: a file system or a name server may never answer.
    const failure = await Promise.race([runToTheEnd(work, outcomes), interruption.overdue]);
    if (failure && failure.code !== 'INTERRUPTED') reportFailure({failure, secrets, emit, io, output});
    const lost = interruption.lost();
    if (lost) reportFailure({failure: lost, secrets, emit, io, output});
    const exitCode = exitCodeOf(outcomeOf(outcomes, failure, interruption));
    const counts = sumCounts(outcomes.map((outcome) => outcome.counts));
    const counted = shownFields(report.counted ?? command, counts);
    await Promise.all([metering.end(exitCode), notices.end(interruption.received() !== undefined)]);
    await recording.end({exitCode, counts});
    emit({type: 'finished', counts, counted, exitCode, ms: io.monotonic() - startedMs});
    return exitCode;
  } finally {
    interruption.stop();
    recording.close();
    reporter.close();
  }
}

interface Work<Request> {
  readonly invocation: Invocation<Request>;
  readonly run: string;
  readonly io: Io;
  readonly env: Env;
  readonly secrets: Secrets;
  readonly emit: Emit;
  readonly reporter: Reporter;
  readonly interruption: Interruption;
  readonly metering: RunMetering;
  readonly notices: RunNotices;
}

/** Collects the outcomes; the answer is the error that ended the run before its end. */
async function runToTheEnd<Request>(work: Work<Request>, outcomes: CloudOutcome[]): Promise<ImgmgrError | undefined> {
  const {invocation, emit, metering, interruption} = work;
  try {
    await work.notices.ready();
    const [{createContext}, verb] = await Promise.all([import('../compose/context.ts'), invocation.load()]);
    const context = createContext(contextParts(work));
    try {
      for await (const outcome of verb(invocation.request, {...context, ...controlOf(work)}, emit)) {
        outcomes.push(outcome);
        metering.after(outcome, interruption.received());
      }
    } finally {
      await context.close();
    }
    return undefined;
  } catch (error) {
    return asImgmgrError(error);
  }
}

function contextParts<Request>({
  invocation,
  run,
  io,
  env,
  secrets,
  emit,
  interruption,
  reporter,
}: Work<Request>): ContextParts {
  return {
    run,
    caller: callerOf(env),
    now: () => io.now(),
    ...(invocation.readsStdin && {stdin: () => io.stdin}),
    showOnce(text) {
      const release = reporter.hold();
      io.stderr.write(text);
      release();
    },
    emit,
    abandoned: interruption.abandoned,
    allowPrivateSources: invocation.allowPrivateSources,
    ...(invocation.images && {images: invocation.images}),
    secrets,
  };
}

/** The user of this process. */
function callerOf(env: Env): Caller {
  return {cwd: process.cwd(), home: homeFolder(env), uid: process.getuid?.() ?? 0, env};
}

function controlOf<Request>({invocation, run, io, reporter, interruption, metering}: Work<Request>): RunControl {
  const {signal, beginWriting} = interruption;
  const question = {io, format: invocation.output.format, hold: () => reporter.hold(), signal};
  const confirmDelete = createConfirm(question);
  const confirm = createQuestion(question);
  return {
    ...{run, signal, beginWriting},
    ...(metering.observe && {observe: metering.observe}),
    ...(confirmDelete && {confirmDelete}),
    ...(confirm && {confirm}),
  };
}

function reportFailure({
  failure: raw,
  secrets,
  emit,
  io,
  output: {format, verbosity},
}: Pick<Work<unknown>, 'emit' | 'io' | 'secrets'> & {failure: ImgmgrError; output: OutputChoice}): void {
  const failure = scrubEvent(raw, (text) => secrets.scrub(text));
  emit({type: 'run-failed', error: failure});
  // JSON goes to stdout alone; a user at a terminal, or a reader of cron's mail, needs the error as well.
  if (format === 'json') io.stderr.write(renderError(failure, {stack: verbosity === 'debug'}));
}

function outcomeOf(
  outcomes: readonly CloudOutcome[],
  failure: ImgmgrError | undefined,
  interruption: Interruption,
): Parameters<typeof exitCodeOf>[0] {
  const signal = interruption.received();
  const lost = interruption.lost();
  const errors = [...outcomes.flatMap(({errors}) => errors), ...(failure ? [failure] : [])];
  return {
    // A lost output is no interruption by the user.
    errors: lost ? [...errors.filter(({code}) => code !== 'INTERRUPTED'), lost] : errors,
    changesPending: outcomes.some(({changesPending}) => changesPending),
    ...(signal && {signal}),
  };
}
