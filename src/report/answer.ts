import {numbersOf, sumCounts} from '../core/counts.ts';
import type {ActionSummary, Event} from '../core/events.ts';
import type {HoldAnswer, ShownHold} from '../core/hold.ts';
import type {RolledBack} from '../core/rollback-answer.ts';
import type {ImageUsers} from '../core/image/image.ts';
import type {PlanCosts} from '../core/plan/costs.ts';
import {momentText} from '../core/time-text.ts';
import {planWord, renamed, subject, unchangedText} from './action-text.ts';
import {formatBytes, formatCount} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import type {Verbosity} from './sentences.ts';
import {bytesVerified, presence, verdictSentence} from './sentences.ts';

type Planned = Extract<Event, {type: 'planned'}>;
type Deletable = Extract<Event, {type: 'deletable'}>;

/** The plan of `dry-run` for one cloud: a line per action with its reason, its changes below. */
export function planText({cloud, actions, definitions, users = [], costs}: Planned, paint: Paint): string {
  const usersOf = new Map(users.map((one) => [one.image, one]));
  const lines = [
    paint.bold(clean(`${cloud}: ${formatCount(actions.length, 'action')}${countsBeside(definitions)}`)),
    ...(costs ? [paint.dim(`  takes ${costsText(costs)}`)] : []),
    ...actions.flatMap((action) => [
      ...actionLines(action, paint),
      ...needLines(action, usersOf.get(action.image ?? '')).map((line) => `  ${' '.repeat(WIDTH)}   ${clean(line)}`),
    ]),
    ...definitions.flatMap(({name, reasons}) =>
      reasons.map(({counted, message}) => `  ${paint.red(counted.padEnd(WIDTH))} ${clean(`${name}: ${message}`)}`),
    ),
    ...definitions
      .filter(({unchanged}) => unchanged > 0)
      .map((one) => paint.dim(`  ${'unchanged'.padEnd(WIDTH)} ${clean(unchangedText(one))}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** `2 images to transfer (1.4 GiB, and 1 of unknown size), 2 test boots`. */
function costsText({transfers, bytes, unknown, boots}: PlanCosts): string {
  const known = transfers > unknown ? [formatBytes(bytes)] : [];
  const sizes = [...known, ...(unknown > 0 ? [`${unknown} of unknown size`] : [])].join(', and ');
  return [
    ...(transfers > 0 ? [`${formatCount(transfers, 'image')} to transfer (${sizes})`] : []),
    ...(boots > 0 ? [formatCount(boots, 'test boot')] : []),
  ].join(', ');
}

/** `, 3 unchanged, 1 failed`: images that no action stands for; of what there is none, only `unchanged` is said. */
function countsBeside(definitions: Planned['definitions']): string {
  const counts = sumCounts(definitions.map(numbersOf));
  const shown = (['unchanged', 'quarantined', 'failed', 'pending'] as const).filter(
    (field) => field === 'unchanged' || counts[field] > 0,
  );
  return shown.map((field) => `, ${counts[field]} ${field}`).join('');
}

/** The verdict of a boot, below it what explains it. */
export function verdictText(event: Extract<Event, {type: 'verdict'}>, verbosity: Verbosity, paint: Paint): string {
  const {text, details = []} = verdictSentence(event, verbosity === 'verbose' || verbosity === 'debug');
  const mark = event.verdict.kind === 'pass' ? paint.green(clean(text)) : paint.red(clean(text));
  return [mark, ...details.map((detail) => `  ${clean(detail)}`), ''].join('\n');
}

/** What `verify --deep` found out of one image, below it the digests of its bytes. */
export function bytesVerifiedText(event: Extract<Event, {type: 'bytes-verified'}>, paint: Paint): string {
  const {text, details = []} = bytesVerified(event);
  return [paint.green(clean(text)), ...details.map((detail) => `  ${clean(detail)}`), ''].join('\n');
}

/** What `verify --presence` found out of one image. */
export function presenceText(event: Extract<Event, {type: 'presence'}>, paint: Paint): string {
  const {text, details = []} = presence(event);
  const head = event.present ? paint.green(clean(text)) : paint.red(clean(text));
  return [head, ...details.map((detail) => `  ${clean(detail)}`), ''].join('\n');
}

/** What is done to an image that was asked for; the rest is done to those that others supersede. */
const LEAVES_IT_THERE: ReadonlySet<ActionSummary['kind']> = new Set([
  ...(['acquire', 'resume', 'verify', 'publish', 'adopt', 'update', 'reactivate', 'copy', 'share'] as const),
]);

/** Keeps the ids of images that were made, by definition and version, and of those that were there; what failed later is none. */
export function noteId(event: Event, ids: Map<string, string>): void {
  if (event.type === 'planned')
    for (const id of event.definitions.flatMap(({images}) => images)) ids.set(JSON.stringify([event.cloud, id]), id);
  if (event.type !== 'action-done' && event.type !== 'action-failed') return;
  const {kind, definition, version} = event.action;
  if (!LEAVES_IT_THERE.has(kind)) return;
  const key = JSON.stringify([event.cloud, definition, version]);
  if (event.type === 'action-failed') ids.delete(key);
  else if (event.image !== undefined) ids.set(key, event.image);
}

/** The images that `--yes` would delete, one a line: id, name, and why. */
export function deletableText({cloud, images}: Deletable, paint: Paint): string {
  const head = paint.bold(clean(`${cloud}: ${formatCount(images.length, 'image')} to delete`));
  return [
    head,
    ...images.map(
      ({id, name, reason}) => `  ${clean(id)}  ${clean(name)}${reason === undefined ? '' : `: ${clean(reason)}`}`,
    ),
    'Nothing was deleted: add --yes to delete.',
    '',
  ].join('\n');
}

/** The builds that `--yes` would delete, one a line: id, definition, size. */
export function deletableBuildsText({builds}: Extract<Event, {type: 'deletable-builds'}>, paint: Paint): string {
  return [
    paint.bold(`${formatCount(builds.length, 'build')} to delete`),
    ...builds.map(({id, definition, folder, bytes}) =>
      clean(`  ${id}  ${definition}, ${folder === undefined ? 'its log alone, ' : ''}${formatBytes(bytes)}`),
    ),
    'Nothing was deleted: add --yes to delete.',
    '',
  ].join('\n');
}

/** What is held now, or is not any more. */
export function holdText({cloud, definition, change, until}: HoldAnswer): string {
  const what = definition ?? 'every definition';
  const texts = {
    lifted: `the hold of ${what} is lifted`,
    none: `${what} was not held`,
  };
  const text =
    change === 'lifted' || change === 'none'
      ? texts[change]
      : `${what} is held until ${endText(until ?? '')}${change === 'unchanged' ? ', as before' : ''}`;
  return `${clean(`${cloud}: ${text}`)}\n`;
}

/** `held until 2026-12-25 00:00 UTC (run … on …: migration)`, or that it was. */
export function holdStanding({until, lasts, by, origin, reason}: ShownHold): string {
  const end = until === null ? 'until it is lifted' : `until ${endText(until)}`;
  const whom = by === 'all' ? 'every definition, ' : by === 'definition' ? 'its definition, ' : '';
  return `${lasts ? 'held' : 'was held'} ${end} (${whom}${origin}${reason === null ? '' : `: ${reason}`})`;
}

/** A moment for people; what is none as it stands. */
function endText(iso: string): string {
  const ms = Date.parse(iso);
  return Number.isNaN(ms) ? iso : momentText(ms);
}

const WIDTH = 10;

/** What an action fetches, and who uses the image that it takes out of use. */
function needLines({url, digest, bytes}: ActionSummary, users: ImageUsers | undefined): string[] {
  const {count = 0, projects = [], unknown} = users ?? {};
  const named = projects.slice(0, 3).map((project) => `${project.projectId}: ${project.count}`);
  const size = bytes === undefined ? [] : [formatBytes(bytes)];
  const more = projects.length > 3 ? [`and ${projects.length - 3} more projects`] : [];
  return [
    ...(url === undefined ? [] : [[`from ${url}`, ...size, ...(digest === undefined ? [] : [digest])].join(', ')]),
    ...(count > 0 ? [`used by ${formatCount(count, 'server')} (${[...named, ...more].join(', ')})`] : []),
    ...(unknown === undefined ? [] : [`whether servers use it is not known: ${unknown}`]),
  ];
}

function actionLines(action: ActionSummary, paint: Paint): string[] {
  const word = planWord(action).padEnd(WIDTH);
  const id = action.image === undefined ? '' : ` ${paint.dim(`[${clean(action.image)}]`)}`;
  return [
    `  ${paint.cyan(word)} ${clean(subject(action) + renamed(action))}: ${clean(action.reason)}${id}`,
    ...(action.changes ?? []).map((change) => `  ${' '.repeat(WIDTH)}   ${clean(change)}`),
  ];
}

/** The answer of `rollback` for one cloud, and below it what to add to the definition. */
export function rolledBackText({cloud, definition, how, versions, current, lines}: RolledBack): string {
  const changed = versions.join(', ');
  const what = {
    rollback: versions.length === 0 ? 'an earlier rollback is finished' : `revoked ${changed}`,
    pull: versions.length === 0 ? 'it is pulled already' : `pulled ${changed}`,
    undo: `the revocation of ${changed} is lifted`,
  }[how];
  const name = how === 'pull' ? '; nothing bears the name' : current === null ? '' : `; ${current} bears the name`;
  const file = lines.length === 0 ? [] : ['', 'For the definition, so that no other cloud gets the version:', ...lines];
  return [`${cloud}: ${definition}: ${what}${name}`, ...file, ''].map((line) => clean(line)).join('\n');
}
