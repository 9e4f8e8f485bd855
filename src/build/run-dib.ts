import {join} from 'node:path';
import type {BuildProgress} from '../ports/image-builder.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
import {asImgmgrError, ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import type {BuildLog, Scrubber} from './build-log.ts';
import {openBuildLog} from './build-log.ts';
import {causeOf} from './causes.ts';
import type {DibRequest} from './dib-command.ts';
import {dibCommand, IMAGE_NAME} from './dib-command.ts';
import type {BuildFailure, Output} from './outputs.ts';
import {readOutputs} from './outputs.ts';
import type {Progress} from './phases.ts';
import {phaseReader, withoutTime} from './phases.ts';
import {NAMESPACE} from './strays.ts';

/** One run of diskimage-builder. */
export interface DibRun extends DibRequest {
  readonly exec: Exec;
  /** Takes the secrets of the run out of what is logged; absent: all stays. */
  readonly secrets?: Scrubber;
  /** Judges what it made. */
  readonly images: Pick<ImageConverter, 'judgeFile'>;
  /** Where its whole output goes. */
  readonly logPath: string;
  readonly signal: AbortSignal;
  readonly progress: (progress: BuildProgress) => void;
  /** Between SIGTERM and SIGKILL at the deadline and at an interruption; default 60 s. */
  readonly graceMs?: number;
}

/** What it made; the files lie in the work folder and go with it. */
export interface DibResult {
  /** One for each asked-for format. */
  readonly outputs: readonly Output[];
  /** Folder with dib_arguments, dib_environment and the list of packages. */
  readonly manifests: string;
  /** Its warnings, each once, at most 20. */
  readonly warnings: readonly string[];
}

const GRACE_MS = 60_000;
const LINGER_MS = 2000;
const SHOWN_LINES = 30;
const MOST_WARNINGS = 20;
const SUCCESS = 'Build completed successfully';

/**
 * The rights of files in the image come from the umask; a strict one of the host must not get into it. By a UTS namespace of its own,
 * written down first, `findStrays` knows what the build left running, daemons without any other sign included.
 */
const LAUNCH = `umask 022
if unshare --uts true 2>/dev/null; then
  exec unshare --uts sh -c 'readlink /proc/self/ns/uts >${NAMESPACE} || exit 1; exec "$@"' sh "$@"
fi
exec "$@"`;

/**
 * Runs diskimage-builder in a work folder; all of its process group is gone at the end. It counts as done when it says so, ends with 0 and
 * its files are what they should be. BUILD_FAILED with the phase, the log, a cause where it is known, and the last 30 lines; TIMEOUT;
 * INTERRUPTED. What it left on the host, `clearBuild` removes.
 */
export async function runDib(run: DibRun): Promise<DibResult> {
  const watch = watchOutput(run);
  try {
    const {exitCode} = await start(run, watch.log);
    if (exitCode !== 0)
      throw watch.failed(`diskimage-builder failed in phase ${watch.now().phase} (exit code ${exitCode})`);
    if (!watch.saidSuccess()) throw watch.failed('diskimage-builder ended without saying that the build is complete');
    const {images, signal} = run;
    const base = join(run.folder.out, IMAGE_NAME);
    const outputs = await readOutputs({images, signal, base, formats: run.spec.formats, failed: watch.failed});
    return {outputs, manifests: join(run.folder.out, `${IMAGE_NAME}.d`, 'dib-manifests'), warnings: watch.warnings()};
  } catch (error) {
    throw asRunError(error, run, watch);
  } finally {
    watch.log.close();
  }
}

async function start(run: DibRun, log: BuildLog): Promise<{readonly exitCode: number}> {
  const {command, args, env} = dibCommand(run);
  const [out, err] = [log.writer(), log.writer()];
  const {stdout, finished} = run.exec.start('sh', ['-c', LAUNCH, 'sh', command, ...args], {
    env,
    cwd: run.folder.path,
    timeoutMs: run.spec.timeoutSeconds * 1000,
    graceMs: run.graceMs ?? GRACE_MS,
    // A daemon that a package started may outlive diskimage-builder, holding on to its output.
    lingerMs: LINGER_MS,
    signal: run.signal,
    log: (text) => err.write(text),
  });
  stdout.on('data', (chunk: Uint8Array) => out.write(chunk));
  try {
    return await finished;
  } finally {
    out.end();
    err.end();
  }
}

interface Watch {
  readonly log: BuildLog;
  readonly now: () => Progress;
  readonly saidSuccess: () => boolean;
  readonly warnings: () => readonly string[];
  /** BUILD_FAILED with all that the output says. */
  readonly failed: BuildFailure;
}

/** Reads the output as it comes: log, progress, warnings, the word of success. */
function watchOutput({logPath, progress, spec, secrets}: DibRun): Watch {
  const startMs = performance.now();
  const limitMs = spec.timeoutSeconds * 1000;
  const read = phaseReader();
  const warnings = new Set<string>();
  let success = false;
  let now: Progress = {phase: 'preparing', hook: undefined};
  const onLine = (raw: string): void => {
    const line = withoutTime(raw);
    now = read(line);
    success ||= line === SUCCESS;
    if (/^(?:WARNING\b|W: )/.test(line) && warnings.size < MOST_WARNINGS) warnings.add(line);
    const elapsedMs = performance.now() - startMs;
    progress({phase: now.phase, line, elapsedMs, limitMs, log: {path: logPath, bytes: log.bytes()}});
  };
  const log = openBuildLog(logPath, onLine, secrets);
  progress({phase: now.phase, elapsedMs: 0, limitMs, log: {path: logPath, bytes: 0}});
  return {
    log,
    now: () => now,
    saidSuccess: () => success,
    warnings: () => [...warnings],
    failed: (message, cause) =>
      new ImgmgrError('BUILD_FAILED', message, {hint: failureHint({log, now, logPath}), cause}),
  };
}

function failureHint({log, now, logPath}: {log: BuildLog; now: Progress; logPath: string}): string {
  const lines = log.tail().map(withoutTime);
  const cause = causeOf(lines, now.phase);
  const hook = now.hook === undefined ? [] : [`it was at the hook ${now.phase}/${now.hook}`];
  const where = log.fault() === undefined ? `the whole log: ${logPath}` : `the log could not be written: ${logPath}`;
  const head = [...(cause === undefined ? [] : [cause]), ...hook, where].join('; ');
  const shown = lines.slice(-SHOWN_LINES);
  return shown.length === 0 ? head : `${head}; its last lines:\n${shown.join('\n')}`;
}

function asRunError(thrown: unknown, run: DibRun, watch: Watch): ImgmgrError {
  const error = asImgmgrError(thrown);
  const {phase} = watch.now();
  if (error.code === 'TIMEOUT')
    return new ImgmgrError(
      'TIMEOUT',
      `the build did not end within ${run.spec.timeoutSeconds} s; it was in phase ${phase}`,
      {
        cause: error,
        hint: `raise build.timeout if it was still at work; the whole log: ${run.logPath}`,
      },
    );
  if (error.code === 'INTERRUPTED')
    return new ImgmgrError('INTERRUPTED', `the build was interrupted in phase ${phase}`, {cause: error});
  return error;
}
