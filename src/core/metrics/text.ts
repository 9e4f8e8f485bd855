import type {CloudMetrics} from './cloud-metrics.ts';
import {samplesOf} from './cloud-metrics.ts';
import type {MetricName, Sample} from './families.ts';
import {FAMILIES} from './families.ts';

/**
 * The metrics of many clouds in the text format of Prometheus; `version`: of imgmgr.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
export function metricsText(clouds: readonly CloudMetrics[], version: string): string {
  return sampleText([buildInfo(version), ...clouds.flatMap(samplesOf)]);
}

/** Which imgmgr it is. */
export function buildInfo(version: string): Sample {
  return {name: 'imgmgr_build_info', labels: {version}, value: 1};
}

/** Samples in the text format of Prometheus, each metric with what it means; a metric without a sample is left out. */
export function sampleText(samples: readonly Sample[]): string {
  const byName = Map.groupBy(samples, ({name}) => name);
  return Object.entries(FAMILIES)
    .flatMap(([name, {help}]) => {
      const own = byName.get(name as MetricName) ?? [];
      return own.length === 0 ? [] : [`# HELP ${name} ${help}`, `# TYPE ${name} gauge`, ...own.map(line)];
    })
    .map((text) => `${text}\n`)
    .join('');
}

function line({name, labels, value}: Sample): string {
  const pairs = FAMILIES[name].labels.flatMap((label) => {
    const text = labels[label] ?? '';
    return text === '' ? [] : [`${label}="${escaped(text)}"`];
  });
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${number(value)}`;
}

/** Quotation marks, backslashes and line feeds alone have a meaning inside a label. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function number(value: number): string {
  return value === Infinity ? '+Inf' : String(value);
}
