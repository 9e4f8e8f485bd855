import ora from 'ora';
import type {OutputStream} from './streams.ts';

/** Something that moves on the last lines of a terminal while other lines are written above it. */
export interface Spinner {
  /** Shows this text, a line per thing under way; empty: shows nothing. */
  show(text: string): void;
  /** Takes itself off the screen; {@link show} brings it back. */
  stop(): void;
}

/** A spinner on a terminal. Input stays untouched, so that Ctrl-C reaches the process as a signal. */
export function createSpinner(stream: OutputStream, color: boolean): Spinner {
  const spinner = ora({stream, isEnabled: true, discardStdin: false, color: color ? 'cyan' : false});
  return {
    show(text) {
      if (text === '') {
        spinner.stop();
        return;
      }
      spinner.text = text;
      if (!spinner.isSpinning) spinner.start();
    },
    stop() {
      spinner.stop();
    },
  };
}
