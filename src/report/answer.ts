import {numbersOf, sumCounts} from '../core/counts.ts';
import type {ActionSummary, Event} from '../core/events.ts';
import {planWord, renamed, subject, unchangedText} from './action-text.ts';
import {formatCount} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';

type Planned = Extract<Event, {type: 'planned'}>;
type Deletable = Extract<Event, {type: 'deletable'}>;

/** The plan of `dry-run` for one cloud: a line per action with its reason, its changes below. */
export function planText({cloud, actions, definitions}: Planned, paint: Paint): string {
  const lines = [
    paint.bold(clean(`${cloud}: ${formatCount(actions.length, 'action')}${countsBeside(definitions)}`)),
    ...actions.flatMap((action) => actionLines(action, paint)),
    ...definitions.flatMap(({name, reasons}) =>
      reasons.map(({counted, message}) => `  ${paint.red(counted.padEnd(WIDTH))} ${clean(`${name}: ${message}`)}`),
    ),
    ...definitions
      .filter(({unchanged}) => unchanged > 0)
      .map((one) => paint.dim(`  ${'unchanged'.padEnd(WIDTH)} ${clean(unchangedText(one))}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `, 3 unchanged, 1 failed`: images that no action stands for; of what there is none, only `unchanged` is said. */
function countsBeside(definitions: Planned['definitions']): string {
  const counts = sumCounts(definitions.map(numbersOf));
  const shown = (['unchanged', 'quarantined', 'failed', 'pending'] as const).filter(
    (field) => field === 'unchanged' || counts[field] > 0,
  );
  return shown.map((field) => `, ${counts[field]} ${field}`).join('');
}

/** The images that `--yes` would delete, one a line: id, then name. */
export function deletableText({cloud, images}: Deletable, paint: Paint): string {
  const head = paint.bold(clean(`${cloud}: ${formatCount(images.length, 'image')} to delete`));
  return [head, ...images.map(({id, name}) => `  ${clean(id)}  ${clean(name)}`), ''].join('\n');
}

const WIDTH = 10;

function actionLines(action: ActionSummary, paint: Paint): string[] {
  const word = planWord(action).padEnd(WIDTH);
  const id = action.image === undefined ? '' : ` ${paint.dim(`[${clean(action.image)}]`)}`;
  return [
    `  ${paint.cyan(word)} ${clean(subject(action) + renamed(action))}: ${clean(action.reason)}${id}`,
    ...(action.changes ?? []).map((change) => `  ${' '.repeat(WIDTH)}   ${clean(change)}`),
  ];
}
