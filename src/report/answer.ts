import type {ActionSummary, Event} from '../core/events.ts';
import {planWord, renamed, subject} from './action-text.ts';
import {formatCount} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';

type Planned = Extract<Event, {type: 'planned'}>;
type Deletable = Extract<Event, {type: 'deletable'}>;

/** The plan of `dry-run` for one cloud: a line per action with its reason, its changes below. */
export function planText({cloud, actions, unchanged}: Planned, paint: Paint): string {
  const lines = [
    paint.bold(clean(`${cloud}: ${formatCount(actions.length, 'action')}, ${unchanged.length} unchanged`)),
    ...actions.flatMap((action) => actionLines(action, paint)),
    ...unchanged.map((name) => paint.dim(`  ${'unchanged'.padEnd(WIDTH)} ${clean(name)}`)),
  ];
  return `${lines.join('\n')}\n`;
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
