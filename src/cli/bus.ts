import type {EventBus} from '../core/event-bus.ts';
import {createEventBus} from '../core/event-bus.ts';
import {PhaseFollower} from '../core/phase/follow.ts';
import {ImgmgrError, asImgmgrError} from '../errors.ts';
import {renderError} from '../report/error-text.ts';
import type {Secrets} from '../secrets/registry.ts';
import {scrubEvent} from '../secrets/scrub-deep.ts';
import type {Io} from './io.ts';

/** A new run of this process: its id and its bus. A report that fails is named on stderr, and the run goes on. */
export function startRun(io: Io, secrets: Secrets, run = io.uuid()): {readonly run: string; readonly bus: EventBus} {
  const phases = new PhaseFollower(() => io.monotonic());
  const bus = createEventBus({
    run,
    now: () => io.now(),
    // Before a format escapes what is in a text; what is written is scrubbed once more.
    scrub: (event) => scrubEvent(event, (text) => secrets.scrub(text)),
    follow: (event) => phases.follow(event),
    onFailure(sink, error) {
      const message = `the ${sink} report is incomplete: ${asImgmgrError(error).message}`;
      const hint = 'the run went on without it; please report this as a bug of imgmgr';
      io.stderr.write(renderError(new ImgmgrError('INTERNAL', message, {hint}), {stack: false}));
    },
  });
  return {run, bus};
}
