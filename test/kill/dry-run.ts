import type {FakeCloud} from '../fakes/fake-cloud.ts';
import {runHere} from './place.ts';

/** What a run printed with `--json`, and its exit code. */
type Ran = Awaited<ReturnType<typeof runHere>>;

/** What a dry run said, and the writes that it made all the same. */
interface Planned extends Ran {
  readonly writes: number;
}

/** Runs the command with `--dry-run`; undefined for one that plans nothing, and while the cloud itself still changes images. */
export async function planOf(cloud: FakeCloud, argv: readonly string[]): Promise<Planned | undefined> {
  if (PLANS_NOTHING.has(argv[0] ?? '') || isImporting(cloud)) return undefined;
  const before = cloud.writes().length;
  const ran = await runHere(cloud, [...argv, '--dry-run']);
  return {...ran, writes: cloud.writes().length - before};
}

/** Commands without `--dry-run`. */
const PLANS_NOTHING: ReadonlySet<string> = new Set(['verify', 'hold', 'unhold']);

/** The cloud is at work on an image. */
export function isImporting(cloud: FakeCloud): boolean {
  return cloud.views().some((view) => 'os_glance_import_task' in view || view['status'] === 'saving');
}

/** In what the run that came next differs from what the dry run said it would do, action by action. */
export function dryRunFaults(planned: Planned | undefined, ran: Ran): string[] {
  if (planned === undefined) return [];
  const faults = planned.writes > 0 ? [`the dry run wrote ${planned.writes} times`] : [];
  const listed = actions(planned.text, 'planned');
  const done = actions(ran.text, 'action-done');
  if (JSON.stringify(listed) !== JSON.stringify(done))
    faults.push(
      `the dry run listed ${listed.join(', ') || 'nothing'}, and the run did ${done.join(', ') || 'nothing'}`,
    );
  const isPending = listed.length > 0 || planned.text.includes('"type":"findings"');
  const expected = ran.code === 0 && isPending ? 3 : ran.code;
  if (planned.code !== expected) faults.push(`the dry run ended with ${planned.code} instead of ${expected}`);
  return faults;
}

interface Line {
  readonly type: string;
  readonly actions?: readonly object[];
  readonly action?: object;
}

/** The actions in lines of one type, one text each, sorted: actions of several definitions mingle. */
function actions(text: string, wanted: 'planned' | 'action-done'): readonly string[] {
  const lines = text.split('\n').flatMap((line) => (line.startsWith('{') ? [JSON.parse(line) as Line] : []));
  return lines
    .filter(({type}) => type === wanted)
    .flatMap(({action, actions: listed = action ? [action] : []}) => listed)
    .map((one) => JSON.stringify(one))
    .sort();
}
