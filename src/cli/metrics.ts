import type {Caller} from '../compose/context.ts';
import type {EventBus} from '../core/event-bus.ts';
import type {CloudNews} from '../core/metrics/carry-over.ts';
import type {Observation} from '../core/metrics/observation.ts';
import {asImgmgrError} from '../errors.ts';
import type {MetricsWriter} from '../ports/metrics.ts';
import type {Secrets} from '../secrets/registry.ts';
import type {CloudOutcome} from '../workflow/types.ts';
import type {ExitCode, Outcome} from './exit-codes.ts';
import {exitCodeOf} from './exit-codes.ts';
import type {Invocation} from './invocation.ts';
import type {Io} from './io.ts';

/** What the metrics of a run are made with. */
export interface MetricsParts {
  readonly invocation: Pick<Invocation<unknown>, 'command' | 'metrics'>;
  readonly bus: EventBus;
  readonly caller: Caller;
  readonly io: Pick<Io, 'now' | 'monotonic'>;
  readonly secrets: Secrets;
}

/** The metrics of one run. */
export interface RunMetering {
  /** Is told what a cloud looks like; absent: nobody wants to know. */
  readonly observe?: (cloud: string, observation: Observation) => void;
  /** The work on one cloud is over. */
  after(outcome: CloudOutcome, signal: Outcome['signal']): void;
  /** The run is over; clouds that it did not come to share its exit code. Waits for what is being written, two seconds at most. */
  end(exitCode: ExitCode): Promise<void>;
}

/** Writes the metrics of a run where that was asked for; a run that cannot is a run without. */
export function meterRun(parts: MetricsParts): RunMetering {
  const {invocation, bus, io} = parts;
  const {metrics, command: verb} = invocation;
  if (metrics === undefined) return NOTHING;
  const startMs = io.monotonic();
  const observations = new Map<string, Observation>();
  const holds: (NonNullable<CloudNews['holds']>[number] & {readonly cloud: string})[] = [];
  const left = new Set(metrics.clouds);
  let clouds: readonly string[] | undefined;
  bus.subscribe('metrics', ({event}) => {
    if (event.type === 'started') {
      clouds = event.clouds;
      left.clear();
      for (const cloud of event.clouds) left.add(cloud);
    } else if (event.type === 'hold')
      holds.push({
        cloud: event.cloud,
        definition: event.definition ?? '',
        untilMs: event.until === null ? null : Date.parse(event.until),
      });
  });
  const writer = openWriter(metrics.folder, parts);
  const write = (cloud: string, exitCode: ExitCode): void => {
    const endedMs = io.now().getTime();
    const observation = observations.get(cloud);
    void writer.then((to) =>
      to?.write({
        cloud,
        run: {
          ...{verb, endedMs, exitCode, durationMs: io.monotonic() - startMs},
          ...(DID_ITS_WORK.has(exitCode) && {succeededMs: endedMs}),
        },
        ...(observation && {observation}),
        holds: holds.filter((hold) => hold.cloud === cloud),
      }),
    );
  };
  return {
    observe: (cloud, observation) => void observations.set(cloud, observation),
    after({cloud, errors, changesPending}, signal) {
      // A build on this host names no cloud.
      const name = clouds?.includes(cloud) === true ? cloud : '';
      left.delete(name);
      write(name, exitCodeOf({errors, changesPending, ...(signal && {signal})}));
    },
    async end(exitCode) {
      for (const cloud of left) write(cloud, exitCode);
      const to = await writer;
      // The version of imgmgr.
      to?.write({cloud: ''});
      await to?.end();
    },
  };
}

const NOTHING: RunMetering = {after: () => undefined, end: () => Promise.resolve()};

/** Exit codes of runs that did their work: 3 says what they found. */
const DID_ITS_WORK: ReadonlySet<ExitCode> = new Set([0, 3]);

/** Undefined where it cannot be loaded, which the bus reports. */
async function openWriter(
  folder: string,
  {bus, caller, io, secrets}: MetricsParts,
): Promise<MetricsWriter | undefined> {
  try {
    const {openMetrics} = await import('../compose/context.ts');
    return await openMetrics({folder, caller, secrets, now: () => io.now(), emit: bus.emit});
  } catch (error) {
    bus.subscribe('metrics files', () => {
      throw asImgmgrError(error);
    });
    return undefined;
  }
}
