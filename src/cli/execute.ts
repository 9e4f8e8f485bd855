import {BUILD_AND_UPLOAD, shownFields, sumCounts} from '../core/counts.ts';
import type {Emit} from '../core/events.ts';
import {asImgmgrError} from '../errors.ts';
import type {ImgmgrError} from '../errors.ts';
import {renderError} from '../report/error-text.ts';
import type {Reporter} from '../report/reporter.ts';
import {createReporter} from '../report/reporter.ts';
import type {Secrets} from '../secrets/registry.ts';
import {scrubTold} from '../secrets/scrub-deep.ts';
import {VERSION} from '../version.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import {createConfirm} from './confirm.ts';
import type {ExitCode} from './exit-codes.ts';
import {exitCodeOf} from './exit-codes.ts';
import type {Interruption} from './interruption.ts';
import {watchForInterruption} from './interruption.ts';
import type {Invocation} from './invocation.ts';
import type {Env, Io} from './io.ts';
import type {Work, WorkOnClouds} from './work-on-clouds.ts';

/** What an invocation is carried out with; `workOnClouds` is loaded when it is needed. */
export interface ExecuteParts {
  readonly io: Io;
  readonly env: Env;
  readonly secrets: Secrets;
  readonly loadWork: () => Promise<WorkOnClouds>;
}

/** Carries out one command: reports, listens for signals, sums up. Never throws; the answer is the exit code. */
export async function execute(invocation: Invocation, {io, env, secrets, loadWork}: ExecuteParts): Promise<ExitCode> {
  const startedMs = io.monotonic();
  const {output, command, options} = invocation;
  const raw = await createReporter({sink: io, env, ...output, dryRun: options.dryRun, ...answersOf(invocation)});
  // Before a format escapes what is in a text; what is written is scrubbed once more.
  const reporter: Reporter = {...raw, emit: (event) => raw.emit(scrubTold(event, (text) => secrets.scrub(text)))};
  // Before anything else is loaded: whoever waits in front of a terminal shall see that something happens.
  reporter.emit({type: 'starting', command, version: VERSION});
  const interruption = watchForInterruption(io, reporter.emit);
  const emit: Emit = (event) => {
    interruption.observe(event);
    reporter.emit(event);
  };
  try {
    const work = workOf({invocation, io, env, secrets, emit, reporter, interruption});
    const outcomes: CloudOutcome[] = [];
    // What has written nothing is not waited for: a file system or a name server may never answer.
    const failure = await Promise.race([runToTheEnd(loadWork, work, outcomes), interruption.overdue]);
    if (failure && failure.code !== 'INTERRUPTED') tellFailure({failure, secrets, emit, io, invocation});
    const lost = interruption.lost();
    if (lost) tellFailure({failure: lost, secrets, emit, io, invocation});
    const exitCode = exitCodeOf(outcomeOf(outcomes, failure, interruption));
    const counts = sumCounts(outcomes.map((outcome) => outcome.counts));
    const counted = shownFields(invocation.buildOnly?.upload === true ? BUILD_AND_UPLOAD : command, counts);
    emit({type: 'finished', counts, counted, exitCode, ms: io.monotonic() - startedMs});
    return exitCode;
  } finally {
    interruption.stop();
    reporter.close();
  }
}

function answersOf({command, buildOnly, options}: Invocation): {readonly answers?: 'verdicts' | 'ids'} {
  if (command === 'verify') return {answers: 'verdicts'};
  const isUpload = buildOnly?.upload === true && !options.dryRun;
  return command === 'import' || isUpload ? {answers: 'ids'} : {};
}

interface WorkParts {
  readonly invocation: Invocation;
  readonly io: Io;
  readonly env: Env;
  readonly secrets: Secrets;
  readonly emit: Emit;
  readonly reporter: Reporter;
  readonly interruption: Interruption;
}

function workOf({invocation, io, env, secrets, emit, reporter, interruption}: WorkParts): Work {
  const {signal, abandoned, beginWriting} = interruption;
  const confirmDelete = createConfirm({io, format: invocation.output.format, hold: () => reporter.hold(), signal});
  const options = {...invocation.options, ...(confirmDelete && {confirmDelete})};
  return {invocation, options, io, env, secrets, emit, signal, abandoned, beginWriting};
}

/** Collects the outcomes; the answer is the error that ended the run before its end. */
async function runToTheEnd(
  loadWork: ExecuteParts['loadWork'],
  work: Work,
  outcomes: CloudOutcome[],
): Promise<ImgmgrError | undefined> {
  try {
    const workOnClouds = await loadWork();
    for await (const outcome of workOnClouds(work)) outcomes.push(outcome);
    return undefined;
  } catch (error) {
    return asImgmgrError(error);
  }
}

function tellFailure({
  failure: told,
  secrets,
  emit,
  io,
  invocation,
}: Pick<WorkParts, 'emit' | 'io' | 'invocation' | 'secrets'> & {failure: ImgmgrError}): void {
  const failure = scrubTold(told, (text) => secrets.scrub(text));
  emit({type: 'run-failed', error: failure});
  const {format, verbosity} = invocation.output;
  // JSON goes to stdout alone; whoever started the run by hand, or reads cron's mail, must not be left in the dark.
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
    // Whoever lost an output did not interrupt the run.
    errors: lost ? [...errors.filter(({code}) => code !== 'INTERRUPTED'), lost] : errors,
    changesPending: outcomes.some(({changesPending}) => changesPending),
    ...(signal && {signal}),
  };
}
