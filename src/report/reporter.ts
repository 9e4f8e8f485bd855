import type {Event, Sink, StampedEvent} from '../core/events.ts';
import {
  bytesVerifiedText,
  presenceText,
  deletableBuildsText,
  deletableText,
  holdText,
  noteId,
  planText,
  rolledBackText,
  verdictText,
} from './answer.ts';
import {auditText, findingsText} from './audit-text.ts';
import {clean} from './clean.ts';
import {colorLevel, mayMove} from './color.ts';
import {createDoctorAnswer} from './doctor-text.ts';
import {createPaint} from './paint.ts';
import {inspectText} from './inspect-text.ts';
import type {Verbosity} from './sentences.ts';
import type {Spinner} from './spinner.ts';
import {showText} from './show-text.ts';
import {createStatusTable} from './status-text.ts';
import type {Env, OutputStream, ReportSink} from './streams.ts';

/** Renders events as the operator chose; its owner must close it. */
export interface Reporter {
  /** Each form of the report by itself, with the name that is said when it fails. */
  readonly sinks: readonly {readonly name: string; readonly sink: Sink}[];
  /** Takes what moves off the terminal, so that something else can use it, until the result is called. */
  hold(): () => void;
  close(): void;
}

/** What a report is made from; `color` is false for `--no-color`. */
export interface ReporterParts {
  readonly sink: ReportSink;
  readonly env: Env;
  readonly format: 'human' | 'json' | 'junit' | 'sarif';
  readonly verbosity: Verbosity;
  readonly color: boolean;
  /** The plan is the answer. */
  readonly dryRun: boolean;
  /** What else the command is asked for: the verdicts of `verify`, the ids of `import` and `build --upload`. */
  readonly answers?: 'verdicts' | 'ids' | 'history';
  /** `--wide`: what is printed in full, line by line. */
  readonly wide?: boolean;
}

/** The report of the chosen form. Loads only what that form needs. */
export async function createReporter(parts: ReporterParts): Promise<Reporter> {
  if (parts.format === 'json') {
    const {createJson} = await import('./json.ts');
    return {...STILL, sinks: [{name: 'JSON', sink: createJson(parts)}]};
  }
  const text = await createText(parts);
  const report = {name: 'text', sink: withoutEmptyCount(text.sink)};
  if (parts.format === 'human') return {...text, sinks: [report]};
  if (parts.format === 'sarif') {
    const {createSarif} = await import('./sarif.ts');
    return {...text, sinks: [report, {name: 'SARIF', sink: createSarif(parts)}]};
  }
  const {createJunit} = await import('./junit.ts');
  return {...text, sinks: [report, {name: 'JUnit', sink: createJunit(parts)}]};
}

type Render = (stamped: StampedEvent) => void;

/** The lines on stderr, and the answer on stdout. */
interface TextReport extends Pick<Reporter, 'hold' | 'close'> {
  readonly sink: Render;
}

async function createText(parts: ReporterParts): Promise<TextReport> {
  const {sink, env, verbosity} = parts;
  const level = levelOf(parts, sink.stderr);
  const paint = await createPaint(level);
  const answer = await createAnswer(parts);
  if (!mayMove(env, sink.stderr)) {
    const {createLog} = await import('./log.ts');
    const log = createLog({sink, verbosity, paint});
    return {
      ...STILL,
      sink(stamped) {
        if (!isAnswered(parts, stamped.event)) log(stamped);
        answer(stamped.event);
      },
    };
  }
  const {createHuman} = await import('./human.ts');
  const loadSpinner = async (): Promise<Spinner> => {
    const {createSpinner} = await import('./spinner.ts');
    return createSpinner(sink.stderr, level > 0);
  };
  const human = createHuman({sink, verbosity, paint, loadSpinner});
  return {
    sink({event}) {
      if (!isAnswered(parts, event)) human.emit(event);
      if (!ANSWERS.has(event.type)) return;
      const release = human.hold();
      answer(event);
      release();
    },
    hold: () => human.hold(),
    close: () => human.close(),
  };
}

const ANSWERS: ReadonlySet<Event['type']> = new Set([
  'planned',
  'deletable',
  'deletable-builds',
  'artifact',
  'difference',
  'audited',
  'shown',
  'inspected',
  'hold',
  'rolled-back',
  'check',
  'checked',
  'setting',
  'policy',
  'history-run',
  'history-elsewhere',
  'history',
  'history-shown',
  'history-line',
  'findings',
  'status-row',
  'status',
  'verdict',
  'bytes-verified',
  'exported',
  'presence',
  'action-done',
  'action-failed',
  'finished',
]);

/** What `verify` found out goes to stdout alone. */
function isAnswered({format, answers}: ReporterParts, {type}: Event): boolean {
  const isFound = type === 'verdict' || type === 'bytes-verified' || type === 'presence';
  return format === 'human' && answers === 'verdicts' && isFound;
}

/** What goes to stdout for people: the plan of `dry-run`, images that wait for `--yes`, the files of `build`. */
async function createAnswer(parts: ReporterParts): Promise<(event: Event) => void> {
  if (parts.format !== 'human') return () => undefined;
  const {stdout} = parts.sink;
  const paint = await createPaint(levelOf(parts, stdout));
  if (parts.answers === 'history') {
    const {createHistoryAnswer} = await import('./history-answer.ts');
    return createHistoryAnswer({stdout, verbosity: parts.verbosity, wide: parts.wide ?? false, paint});
  }
  const ids = new Map<string, string>();
  const doctor = createDoctorAnswer(parts.verbosity, paint);
  const table = createStatusTable({verbosity: parts.verbosity, wide: parts.wide ?? false, paint});
  return (event: Event) => {
    if (parts.answers === 'verdicts' && event.type === 'verdict')
      stdout.write(verdictText(event, parts.verbosity, paint));
    if (parts.answers === 'verdicts' && event.type === 'bytes-verified') stdout.write(bytesVerifiedText(event, paint));
    if (parts.answers === 'verdicts' && event.type === 'presence') stdout.write(presenceText(event, paint));
    if (parts.answers === 'ids') noteId(event, ids);
    if (event.type === 'finished') stdout.write([...ids.values()].map((id) => `${clean(id)}\n`).join(''));
    if (event.type === 'planned' && parts.dryRun) stdout.write(planText(event, paint));
    if (event.type === 'findings') stdout.write(findingsText(event, parts.verbosity, paint));
    if (event.type === 'audited') stdout.write(auditText(event, parts.verbosity, paint));
    if (event.type === 'check' || event.type === 'checked' || event.type === 'setting' || event.type === 'policy')
      stdout.write(doctor(event));
    if (event.type === 'exported') stdout.write(`${clean(event.target)}\n`);
    if (event.type === 'hold') stdout.write(holdText(event));
    if (event.type === 'rolled-back') stdout.write(rolledBackText(event));
    if (event.type === 'shown') stdout.write(showText(event, paint));
    if (event.type === 'inspected') stdout.write(inspectText(event, paint));
    if (event.type === 'status-row') table.add(event);
    if (event.type === 'status') stdout.write(table.text(event));
    if (event.type === 'deletable') stdout.write(deletableText(event, paint));
    if (event.type === 'deletable-builds') stdout.write(deletableBuildsText(event, paint));
    if (event.type === 'artifact') stdout.write(event.files.map(({path}) => `${clean(path)}\n`).join(''));
    if (event.type === 'difference') stdout.write(event.lines.map((line) => `${clean(line)}\n`).join(''));
  };
}

function levelOf({env, color}: ReporterParts, stream: OutputStream): ReturnType<typeof colorLevel> {
  return colorLevel({env, isTTY: stream.isTTY === true, wanted: color});
}

/** A run that ended before any cloud was asked has nothing to count: the error and its hint are the last word. */
function withoutEmptyCount(render: Render): Render {
  let began = false;
  let failed = false;
  return (stamped) => {
    const {type} = stamped.event;
    began ||= type === 'cloud-started' || type === 'cloud-failed';
    failed ||= type === 'run-failed';
    if (type !== 'finished' || began || !failed) render(stamped);
  };
}

/** Of a report in which nothing moves. */
const STILL: Pick<Reporter, 'hold' | 'close'> = {hold: () => () => undefined, close: () => undefined};
