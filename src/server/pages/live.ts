import type {RunRow} from '../contract/runs.ts';
import type {SeenEvent} from './run-event.ts';
import {path} from './path.ts';

/** What a watcher of a run is told. */
interface Watcher {
  /** Events in their order, each once. */
  readonly onEvents: (events: readonly SeenEvent[]) => void;
  /** The connection is there, or was lost and is tried again. */
  readonly onConnected: (connected: boolean) => void;
  /** The run is over; nothing follows. */
  readonly onEnd: (run: RunRow) => void;
}

/** How long events are gathered before they are shown: many of them, as of a run that began long ago, are shown in fewer steps. */
const FEW_MS = 50;
const MANY_MS = 200;
const MANY = 100;
/** When a refused connection is tried again. */
const AGAIN_MS = 3000;

/**
 * Watches a run from its first event on. A connection that breaks is resumed behind the last event that came; what comes twice all the same is
 * known by its number.
 */
export function watch(run: string, {onEvents, onConnected, onEnd}: Watcher): void {
  let last = 0;
  let waiting: SeenEvent[] = [];
  let many = false;
  const flush = (): void => {
    const events = waiting;
    many = events.length > MANY;
    waiting = [];
    if (events.length > 0) onEvents(events);
  };
  const open = (): void => {
    const source = new EventSource(path`/v1/runs/${run}/events`);
    source.addEventListener('open', () => onConnected(true));
    source.addEventListener('message', ({data}: MessageEvent<string>) => {
      const event = JSON.parse(data) as SeenEvent;
      if (event.seq <= last) return;
      last = event.seq;
      // A page that is not seen has no frames.
      if (waiting.push(event) === 1) setTimeout(flush, many ? MANY_MS : FEW_MS);
    });
    source.addEventListener('end', ({data}: MessageEvent<string>) => {
      source.close();
      flush();
      onEnd(JSON.parse(data) as RunRow);
    });
    source.addEventListener('error', () => {
      onConnected(false);
      // The browser tries again by itself, unless the answer was a refusal, as of a server that has just come up.
      if (source.readyState === EventSource.CLOSED) setTimeout(open, AGAIN_MS);
    });
  };
  open();
}
