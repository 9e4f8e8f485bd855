import type {Audited, PlanFindings, PlannedFinding} from '../core/rules/audited.ts';
import type {Finding} from '../core/rules/finding.ts';
import {countsAs} from '../core/rules/finding.ts';
import {SEVERITIES} from '../core/rules/rule-text.ts';
import type {FilePosition} from '../errors.ts';
import {formatPosition} from '../errors.ts';
import {formatCount} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import type {Verbosity} from './sentences.ts';

/** What is foreseen later than this is shown only with `-v`: two weeks. */
const SOON_MS = 14 * 86_400_000;

/**
 * Problems, findings and what lies ahead, each with its place and remedy, then the numbers. What no official run tests is folded, one line
 * for each rule, unless it counts or more is asked for; quiet shows only what counts.
 */
export function auditText(event: Audited, verbosity: Verbosity, paint: Paint): string {
  const {problems, findings, ahead, failOn} = event;
  const near = soonAfter(event.asOf);
  const isLong = verbosity === 'verbose' || verbosity === 'debug';
  const counting = findings.filter((finding) => countsAs(finding, failOn));
  const rest = verbosity === 'quiet' ? [] : findings.filter((finding) => !counting.includes(finding));
  const shown = rest.filter(
    (finding) => isLong || (finding.tested && finding.decides) || finding.ignored !== undefined,
  );
  const folded = rest.filter((finding) => !shown.includes(finding));
  const soon =
    verbosity === 'quiet' ? [] : ahead.filter((finding) => isLong || (finding.tested && finding.from <= near));
  const lines = [
    ...problems.flatMap(({message, place, hint}) => [
      `${at(place)}${paint.red('error')} ${clean(message)}`,
      ...(hint === undefined ? [] : [`  hint: ${clean(hint)}`]),
    ]),
    ...[...counting, ...shown].flatMap((finding) => findingLines(finding, {isLong, paint})),
    ...soon.flatMap((finding) => [`from ${clean(finding.from.slice(0, 10))} on: ${headOf(finding, paint)}`]),
    ...foldedLines(folded, paint),
    paint.bold(numbers(event)),
  ];
  return `${lines.join('\n')}\n`;
}

/** The findings of a dry run below its plan, on one cloud or in the definitions; '' where there is none to show. */
export function findingsText(event: PlanFindings, verbosity: Verbosity, paint: Paint): string {
  const {cloud, findings, failOn} = event;
  const isLong = verbosity === 'verbose' || verbosity === 'debug';
  const counting = findings.filter((finding) => countsAs(finding, failOn));
  const rest = verbosity === 'quiet' ? [] : findings.filter((finding) => !counting.includes(finding));
  const shown = rest.filter(
    (finding) => isLong || (finding.tested && finding.decides) || finding.ignored !== undefined,
  );
  const folded = rest.filter((finding) => !shown.includes(finding));
  if (counting.length + shown.length + folded.length === 0) return '';
  const lines = [
    paint.bold(clean(`${cloud ?? 'definitions'}: ${bySeverity(findings)}`)),
    ...[...counting, ...shown].flatMap((finding) => plannedLines(finding, {isLong, paint})),
    ...foldedLines(folded, paint),
  ];
  return `${lines.join('\n')}\n`;
}

/** A finding of an image that is not there yet, or not as it will be, says so. */
function plannedLines(finding: PlannedFinding, style: Style): string[] {
  const [head = '', ...details] = findingLines(finding, style);
  const {of, image, by} = finding;
  const about = of === 'planned' ? ' (after this plan)' : '';
  const id = image === undefined ? '' : ` ${style.paint.dim(`[${clean(image)}]`)}`;
  const isMended = of === 'live' && by === 'manage';
  return [`  ${head}${about}${id}`, ...(isMended ? ['    manage mends it'] : details.map((detail) => `  ${detail}`))];
}

function soonAfter(time: string): string {
  const ms = Date.parse(time);
  return Number.isNaN(ms) ? time : new Date(ms + SOON_MS).toISOString();
}

interface Style {
  readonly isLong: boolean;
  readonly paint: Paint;
}

function findingLines(finding: Finding, {isLong, paint}: Style): string[] {
  const {wanted, remedy, section, by, rule, ignored} = finding;
  const head = headOf(finding, paint);
  if (ignored) return [head, `  ignored until ${clean(ignored.until)}: ${clean(ignored.reason)}`];
  return [
    head,
    `  wanted: ${clean(wanted)}`,
    `  hint: ${clean(remedy)}`,
    ...(isLong ? [paint.dim(clean(`  ${section}; can be mended by: ${by}; imgmgr help ${rule} says more`))] : []),
  ];
}

function headOf({place, severity, rule, message, ignored}: Finding, paint: Paint): string {
  const brush = severity === 'error' ? paint.red : severity === 'warning' ? paint.yellow : paint.dim;
  const word = ignored ? paint.dim('ignored') : brush(clean(severity));
  return `${at(place)}${word} ${clean(rule)}: ${clean(message)}`;
}

function at(place: FilePosition | undefined): string {
  return place ? `${clean(formatPosition(place))}: ` : '';
}

/** One line for each rule: how often, and where first. */
function foldedLines(folded: readonly Finding[], paint: Paint): string[] {
  const byRule = Map.groupBy(folded, ({rule}) => rule);
  const lines = [...byRule].map(([rule, [first, ...more]]) => {
    if (!first) return '';
    const times = more.length === 0 ? '' : `, ${formatCount(more.length, 'time')} more`;
    return paint.dim(`${at(first.place)}${clean(first.severity)} ${clean(rule)}${times}`);
  });
  return lines.length === 0
    ? []
    : [paint.dim('No official run tests these; -v shows each, imgmgr help RULE explains it:'), ...lines];
}

function numbers({files, images, problems, findings}: Audited): string {
  const read = `${formatCount(files.length, 'file')}, ${formatCount(images.length, 'image')}`;
  return `${read}: ${formatCount(problems.length, 'problem')}, ${bySeverity(findings)}`;
}

/** `1 error, 0 warnings, 2 info, 0 ignored`. */
function bySeverity(findings: readonly Finding[]): string {
  const real = findings.filter(({ignored}) => ignored === undefined);
  const counts = SEVERITIES.map((severity) => {
    const count = real.filter((finding) => finding.severity === severity).length;
    return severity === 'info' ? `${count} info` : formatCount(count, severity);
  });
  return [...counts, `${findings.length - real.length} ignored`].join(', ');
}
