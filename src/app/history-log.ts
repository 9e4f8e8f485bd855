import type {Emit} from '../core/events.ts';
import type {LogRecord, RunRecord, StoredEvent} from '../core/history/records.ts';
import type {HistoryReader} from '../ports/history.ts';
import type {AppPorts} from './ports.ts';

/** What the log of a run is made with. */
export interface LogParts {
  readonly ports: Pick<AppPorts, 'runtime' | 'signal' | 'now'>;
  readonly emit: Emit;
  readonly reader: HistoryReader;
  /** Of the run. */
  readonly id: string;
}

/** As many events are read at once. */
const PAGE = 500;
/** A run that goes on is looked at so often. */
const FOLLOW_MS = 200;
/** A run gives a sign of life every 20 s. */
const SILENCE_MS = 60_000;
/** The last event of a run is stored a moment after its end. */
const LAST_LOOKS = 5;

/**
 * Emits everything that is kept of what a run said, in order: its events, the lines of its builds where they came, and the console of a
 * server that failed. `follow`: goes on until the run ends, or is lost; INTERRUPTED when this process is to end.
 */
export async function emitLog({follow}: {readonly follow: boolean}, parts: LogParts): Promise<void> {
  const {ports, reader, id} = parts;
  const log = new RunLog(parts);
  const signs = new Signs(ports);
  for (let looks = LAST_LOOKS; looks > 0;) {
    ports.signal.throwIfAborted();
    const details = reader.details(id);
    if (!details) return;
    await log.emitNew(details.logs);
    if (!follow || log.isOver) return;
    if (!isUnderWay(details.run) || signs.areOver(details.run)) looks -= 1;
    await ports.runtime.sleep(FOLLOW_MS, ports.signal);
  }
}

function isUnderWay({state}: RunRecord): boolean {
  return state === 'PENDING' || state === 'RUNNING';
}

/**
 * Signs of life of a run whose clock is ahead of this one, which was set back since: the history tells by their times whether the run is lost,
 * and those lie in the future.
 */
class Signs {
  readonly #ports: LogParts['ports'];
  #last = '';
  #seenMs = 0;

  constructor(ports: LogParts['ports']) {
    this.#ports = ports;
  }

  /** No new one was seen for a minute. */
  areOver({heartbeatAt}: RunRecord): boolean {
    const nowMs = this.#ports.runtime.monotonic();
    if (heartbeatAt !== this.#last) this.#seenMs = nowMs;
    this.#last = heartbeatAt;
    return Date.parse(heartbeatAt) > this.#ports.now().getTime() && nowMs - this.#seenMs > SILENCE_MS;
  }
}

class RunLog {
  readonly #parts: LogParts;
  /** How far each file was emitted. */
  readonly #positions = new Map<string, number>();
  #after = 0;
  isOver = false;

  constructor(parts: LogParts) {
    this.#parts = parts;
  }

  async emitNew(logs: readonly LogRecord[]): Promise<void> {
    const {reader, id} = this.#parts;
    for (;;) {
      const events = reader.events(id, {after: this.#after, limit: PAGE});
      for (const event of events) await this.#emitEvent(event, logs);
      if (events.length < PAGE) break;
    }
    // What a build wrote since its last phase began.
    for (const log of logs) if (log.kind === 'build') await this.#emitLines(log, log.to);
  }

  async #emitEvent(event: StoredEvent, logs: readonly LogRecord[]): Promise<void> {
    const {emit, id} = this.#parts;
    this.#after = event.seq;
    if (event.type === 'build-progress') {
      const {path, bytes} = (event['log'] ?? {}) as {readonly path?: unknown; readonly bytes?: unknown};
      const log = logs.find((one) => one.kind === 'build' && one.path === path);
      if (log && typeof bytes === 'number') await this.#emitLines(log, bytes);
    }
    if (event.type === 'built') {
      const log = logs.find((one) => one.path === event['log']);
      if (log) await this.#emitLines(log, null);
    }
    emit({type: 'history-line', of: id, entry: event});
    if (event.type === 'finished') this.isOver = true;
    const {kind} = (event['verdict'] ?? {}) as {readonly kind?: unknown};
    if (event.type === 'verdict' && kind !== 'pass')
      for (const log of logs) if (log.path === event['evidence']) await this.#emitConsole(log);
  }

  async #emitLines(log: LogRecord, to: number | null): Promise<void> {
    const {reader, emit, id} = this.#parts;
    for (;;) {
      const from = this.#positions.get(log.path) ?? log.from;
      const {lines, next} = await reader.lines(log, {from, to});
      for (const text of lines) emit({type: 'history-line', of: id, log, text});
      this.#positions.set(log.path, next);
      if (next === from) return;
    }
  }

  async #emitConsole(log: LogRecord): Promise<void> {
    const {reader, emit, id} = this.#parts;
    for (const text of await reader.console(log)) emit({type: 'history-line', of: id, log, text});
  }
}
