import {LOST_HINT} from '../core/phase/of-image.ts';
import type {JudgedCheck} from '../core/verdict/verdict.ts';
import {countsText} from '../core/counts.ts';
import {disabledText} from '../core/definition/disabled.ts';
import type {Event} from '../core/events.ts';
import type {ImgmgrError} from '../errors.ts';
import {LONG_ACTIONS, doingText, doneText, planWord, renamed, subject, unchangedText} from './action-text.ts';
import {formatBytes, formatCount, formatTime} from './amounts.ts';
import {errorDetails, headline, stackLines} from './error-text.ts';

export type Level = 'debug' | 'info' | 'warning' | 'error';

/** How much is reported, as the flags say. */
export type Verbosity = 'quiet' | 'normal' | 'verbose' | 'debug';

/** One thing to report; `details` belong to it and stand below or behind it. */
export interface Sentence {
  readonly level: Level;
  readonly text: string;
  readonly details?: readonly string[];
  /** True for the end of something, which a terminal marks with a tick. */
  readonly done?: boolean;
}

/**
 * Gives what people read about each event, in order; nothing for what is not reported at this verbosity. With several clouds
 * every sentence names its own. Progress and answers are rendered elsewhere.
 */
export function createDescriber(verbosity: Verbosity): (event: Event) => Sentence[] {
  let several = false;
  return (event) => {
    if (event.type === 'started') several = event.clouds.length > 1;
    const cloud = several && 'cloud' in event && !NAMES_ITS_CLOUD.has(event.type) ? event.cloud : undefined;
    return everySentence(event, verbosity)
      .filter(({level}) => verbosity !== 'quiet' || level === 'error' || isAlwaysSaid(event))
      .map((sentence) => (cloud === undefined ? sentence : {...sentence, text: `${cloud}: ${sentence.text}`}));
  };
}

/** Which images are meant is nothing to be quiet about, where nobody named their definitions. */
function isAlwaysSaid(event: Event): boolean {
  return event.type === 'warning' && event.code === 'catalogue-used';
}

const NAMES_ITS_CLOUD: ReadonlySet<Event['type']> = new Set(['cloud-started', 'cloud-failed']);

function everySentence(event: Event, verbosity: Verbosity): Sentence[] {
  const verbose = verbosity === 'verbose' || verbosity === 'debug';
  switch (event.type) {
    case 'starting':
      return [info(`imgmgr ${event.version}: ${event.command}`)];
    case 'started':
      return startedSentences(event);
    case 'cloud-started':
      return [info(loginText(event))];
    case 'planned':
      return verbose ? plannedSentences(event) : [];
    case 'definition-findings':
      return [definitionFindings(event)];
    case 'plan-written':
      return [planWritten(event)];
    case 'action-started':
      return LONG_ACTIONS.has(event.action.kind) || verbose ? [info(doingText(event.action))] : [];
    case 'build-started':
      return [info(`Building ${subject(event)}: ${event.reason}`)];
    case 'build-progress':
      return verbose && event.line !== undefined ? [info(`[DIB] ${event.line}`)] : [];
    case 'built':
      return [builtSentence(event, verbose)];
    case 'build-deleted':
      return [{level: 'info', done: true, text: `Deleted: ${subject(event)}, build ${event.id}`}];
    case 'artifact':
      return event.reused ? [info(`CACHED: ${subject(event)}, what it is built from is the same`)] : [];
    case 'action-done':
      return [actionDone(event, verbose)];
    case 'action-failed':
      return [failure(`${doingText(event.action)} failed`, event.error, verbosity)];
    case 'definition-failed':
      return [failure(event.definition, event.error, verbosity)];
    case 'cloud-failed':
      return [failure(`cloud ${event.cloud}`, event.error, verbosity)];
    case 'run-failed':
      return [failure('', event.error, verbosity)];
    case 'warning':
      return [warning(event)];
    case 'verdict':
      return [verdictSentence(event, verbose)];
    case 'bytes-verified':
      return [bytesVerified(event)];
    case 'exported':
      return [exported(event)];
    case 'presence':
      return [presence(event)];
    case 'decision':
      return verbose
        ? [info(event.definition === undefined ? event.message : `${event.definition}: ${event.message}`)]
        : [];
    case 'http':
      return verbosity === 'debug' ? [httpSentence(event)] : [];
    case 'interrupted':
      return [interrupted(event)];
    case 'finished':
      return [{level: 'info', text: `${countsText(event.counts, event.counted) || 'done'} (${formatTime(event.ms)})`}];
    // Rendered by the progress line, which can be throttled, or as the answer on stdout.
    case 'image-phase':
    case 'progress':
    case 'waiting':
    case 'deletable':
    case 'deletable-builds':
    case 'hold':
    case 'rolled-back':
    case 'check':
    case 'checked':
    case 'setting':
    case 'policy':
    case 'difference':
    case 'audited':
    case 'findings':
    case 'status-row':
    case 'status':
    case 'shown':
    case 'inspected':
    case 'history-run':
    case 'history-elsewhere':
    case 'history':
    case 'history-shown':
    case 'history-line':
      return [];
  }
}

function startedSentences({clouds, run, disabled = 0}: Extract<Event, {type: 'started'}>): Sentence[] {
  return [
    ...(clouds.length === 0 ? [] : [info(`Clouds: ${clouds.join(', ')} (run ${run})`)]),
    ...(disabled === 0 ? [] : [info(`Left out: ${disabledText(disabled)} (add --force)`)]),
  ];
}

function plannedSentences({actions, definitions}: Extract<Event, {type: 'planned'}>): Sentence[] {
  return [
    ...actions.map((action) =>
      info(`Planned: ${planWord(action)} ${subject(action)}${renamed(action)}: ${action.reason}`, action.changes),
    ),
    ...definitions.filter(({unchanged}) => unchanged > 0).map((one) => info(`Unchanged: ${unchangedText(one)}`)),
  ];
}

/** `Debian 12: 1 error, 2 warnings of the audit (scs-0102/os_purpose, …)`. */
function definitionFindings(event: Extract<Event, {type: 'definition-findings'}>): Sentence {
  const {definition, errors, warnings, rules} = event;
  const numbers = [
    ...(errors > 0 ? [formatCount(errors, 'error')] : []),
    ...(warnings > 0 ? [formatCount(warnings, 'warning')] : []),
  ].join(', ');
  const [shown, more] = [rules.slice(0, 3), rules.length - 3];
  return {
    level: 'warning',
    text: `${definition}: ${numbers} of the audit (${shown.join(', ')}${more > 0 ? ` and ${more} more` : ''})`,
    details: ['hint: imgmgr dry-run lists them; imgmgr help RULE explains each'],
  };
}

function planWritten({path, actions, clouds}: Extract<Event, {type: 'plan-written'}>): Sentence {
  const where = clouds.length === 1 ? '' : ` on ${formatCount(clouds.length, 'cloud')}`;
  return {
    level: 'info',
    done: true,
    text: `Plan written to ${path}: ${formatCount(actions, 'action')}${where}`,
    details: [`hint: imgmgr manage --plan ${path} does exactly that, or refuses`],
  };
}

function builtSentence(event: Extract<Event, {type: 'built'}>, verbose: boolean): Sentence {
  const {files, manifest, log, ms} = event;
  const made = files.map(({format, size}) => `${format} of ${formatBytes(size)}`).join(', ');
  return {
    level: 'info',
    done: true,
    text: `Built ${subject(event)}: ${made} (${formatTime(ms)})`,
    ...(verbose && {details: [...files.map(({path}) => path), `manifest: ${manifest}`, `log: ${log}`]}),
  };
}

function actionDone({action, image, detail, ms}: Extract<Event, {type: 'action-done'}>, verbose: boolean): Sentence {
  const id = image ?? action.image;
  const what = detail ?? action.reason;
  const extra = [...(id === undefined ? [] : [id]), formatTime(ms)].join(', ');
  return {
    level: 'info',
    done: true,
    text: `${doneText(action)}: ${what} (${extra})`,
    ...(verbose && action.changes !== undefined && {details: action.changes}),
  };
}

function failure(what: string, error: ImgmgrError, verbosity: Verbosity): Sentence {
  const text = what === '' ? headline(error) : `${what}: ${headline(error)}`;
  const details = [...errorDetails(error), ...(verbosity === 'debug' ? stackLines(error) : [])];
  return {level: 'error', text, details};
}

/** `✔ Debian 12 (20260901) passed: 41 checks passed`; with `-v` every check that is not simply passed. */
export function verdictSentence(event: Extract<Event, {type: 'verdict'}>, verbose: boolean): Sentence {
  const {verdict, datasource, evidence} = event;
  const words = {pass: 'passed', fail: 'failed its verification', environment: 'could not be verified'} as const;
  const way = datasource === undefined ? '' : ` (datasource ${datasource})`;
  const bad = verdict.checks.filter(({outcome}) => outcome === 'fail' || outcome === 'error');
  const shown = verbose ? verdict.checks : bad;
  const details = [
    ...shown.map(checkText),
    ...(verdict.hint === undefined ? [] : [`hint: ${verdict.hint}`]),
    ...(evidence === undefined || (verdict.kind === 'pass' && !verbose) ? [] : [`evidence: ${evidence}`]),
  ];
  return {
    level: verdict.kind === 'pass' ? 'info' : 'error',
    ...(verdict.kind === 'pass' && {done: true}),
    text: `${subject(event)} ${words[verdict.kind]}${way}: ${verdict.cause === 'passed' ? '' : `${verdict.cause}, `}${verdict.message}`,
    ...(details.length > 0 && {details}),
  };
}

/** What was read of an image, and what its digests are. */
export function bytesVerified(event: Extract<Event, {type: 'bytes-verified'}>): Sentence {
  const recorded = event.recorded ? '; the demanded digest is recorded' : '';
  return {
    level: 'info',
    done: true,
    text: `${subject(event)}: ${formatBytes(event.bytes)} read, no digest disagrees${recorded}`,
    details: event.digests,
  };
}

/** Where an image is now, outside of the cloud. */
function exported({bytes, digests, target, ...of}: Extract<Event, {type: 'exported'}>): Sentence {
  const compared = digests.length === 0 ? 'nothing to compare them with' : 'as the cloud has them';
  return {
    level: 'info',
    done: true,
    text: `Exported: ${subject(of)} to ${target}, ${formatBytes(bytes)}, ${compared}`,
    details: digests,
  };
}

/** Whether the bytes of an image are there. */
export function presence(event: Extract<Event, {type: 'presence'}>): Sentence {
  const {image, present} = event;
  if (present) return {level: 'info', done: true, text: `${subject(event)}: its bytes are there (${image})`};
  const text = `${subject(event)}: ImageLost, its bytes are gone (${image})`;
  return {level: 'error', text, details: [`hint: ${LOST_HINT}`]};
}

function warning({message, hint}: Extract<Event, {type: 'warning'}>): Sentence {
  return {level: 'warning', text: message, ...(hint !== undefined && {details: [`hint: ${hint}`]})};
}

function httpSentence(event: Extract<Event, {type: 'http'}>): Sentence {
  const result = event.status ?? event.error ?? 'no answer';
  const request = event.requestId === undefined ? '' : ` ${event.requestId}`;
  return {level: 'debug', text: `${event.method} ${event.url} ${result} ${Math.round(event.ms)} ms${request}`};
}

function interrupted({signal, again, late, left}: Extract<Event, {type: 'interrupted'}>): Sentence {
  if (!again) return {level: 'error', text: `${signal}: cleaning up (max 30 s); press again to quit now`};
  const why = late ? `${signal}: the run did not end in time, leaving now` : `${signal} again: leaving at once`;
  if (left.length === 0) return {level: 'error', text: `${why}; nothing is known to be left behind`};
  return {
    level: 'error',
    text: `${why}; left behind: ${formatCount(left.length, 'thing')}`,
    details: [...left, 'hint: the next run finds and removes them by their stamp'],
  };
}

function info(text: string, details?: readonly string[]): Sentence {
  return {level: 'info', text, ...(details !== undefined && {details})};
}

function loginText({cloud, user, project, region}: Extract<Event, {type: 'cloud-started'}>): string {
  return `Logged in to ${cloud} as ${user}, project ${project}${region === undefined ? '' : `, region ${region}`}`;
}

/** `dns: fail, no nameserver`; `swap: fail (severity warn), swap on the OS disk`. */
function checkText({id, severity, outcome, detail}: JudgedCheck): string {
  const weight = outcome === 'fail' && severity !== 'fail' ? ` (severity ${severity})` : '';
  return `${id}: ${outcome}${weight}${detail === '' ? '' : `, ${detail}`}`;
}
