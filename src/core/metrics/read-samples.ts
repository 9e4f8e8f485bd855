import type {MetricName, Sample} from './families.ts';
import {FAMILIES} from './families.ts';

/**
 * The samples of a cloud in a text that {@link ./text.ts} wrote once, and anybody may have changed since: lines that it would not write, and
 * those of other clouds, are left out. The version that wrote it is none of them.
 */
export function readSamples(text: string, cloud: string): readonly Sample[] {
  const samples = new Map<string, Sample>();
  for (const line of text.split('\n')) {
    const sample = readLine(line);
    if (sample?.labels['cloud'] === cloud) samples.set(JSON.stringify([sample.name, sample.labels]), sample);
  }
  return [...samples.values()];
}

function readLine(line: string): Sample | undefined {
  const blank = line.lastIndexOf(' ');
  const [series, text] = [line.slice(0, Math.max(blank, 0)), line.slice(blank + 1)];
  const value = text === '+Inf' ? Infinity : NUMBER.test(text) ? Number(text) : Number.NaN;
  const open = series.indexOf('{');
  const name = open < 0 ? series : series.slice(0, open);
  if (Number.isNaN(value) || !isMetric(name) || (open >= 0 && !series.endsWith('}'))) return undefined;
  const allowed: readonly string[] = FAMILIES[name].labels;
  const labels = readLabels(open < 0 ? '' : series.slice(open + 1, -1), allowed);
  return allowed.includes('cloud') && labels ? {name, labels, value} : undefined;
}

/** As a number is written here. */
const NUMBER = /^\d{1,20}(?:\.\d{1,20})?$/;
const LABEL = /([a-z_]+)="((?:[^"\\]|\\[\\"n])*)"(?:,|$)/y;

function isMetric(name: string): name is MetricName {
  return Object.hasOwn(FAMILIES, name);
}

/** Every label that is allowed, an absent one as ''; undefined for a text that is no list of them. */
function readLabels(text: string, allowed: readonly string[]): Record<string, string> | undefined {
  const labels = new Map(allowed.map((name) => [name, '']));
  LABEL.lastIndex = 0;
  while (LABEL.lastIndex < text.length) {
    const [, name = '', value = ''] = LABEL.exec(text) ?? [];
    if (!labels.has(name)) return undefined;
    labels.set(
      name,
      value.replace(/\\([\\"n])/g, (_, char: string) => (char === 'n' ? '\n' : char)),
    );
  }
  return Object.fromEntries(labels);
}
