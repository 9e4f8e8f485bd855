import {readFileSync} from 'node:fs';

/** What a JSON line of the command line tells of a verdict. */
interface VerdictRecord {
  readonly type: string;
  readonly verdict?: {readonly kind: string};
  readonly evidence?: string;
}

const SHOWN_LINES = 40;

/** Of verdicts that are no pass, the end of the console: it goes with the folder of the test, and tells what a red test was about. */
export function consoles(lines: readonly VerdictRecord[]): string {
  const ends = lines.flatMap(({type, verdict, evidence}) => {
    if (type !== 'verdict' || verdict?.kind === 'pass' || evidence === undefined) return [];
    const {console} = JSON.parse(readFileSync(evidence, 'utf8')) as {readonly console?: string};
    const end = (console ?? 'no console').trimEnd().split('\n').slice(-SHOWN_LINES);
    return [`the console of ${verdict?.kind ?? 'no verdict'} (${evidence}):`, ...end];
  });
  return ends.join('\n');
}
