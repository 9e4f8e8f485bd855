import type {StampedEvent} from '../core/events.ts';
import type {Audited} from '../core/rules/audited.ts';
import type {Finding} from '../core/rules/finding.ts';
import {RULES} from '../core/rules/registry.ts';
import type {Severity} from '../core/rules/rule-text.ts';
import type {FilePosition, ImgmgrError, Problem} from '../errors.ts';
import {jsonText} from '../core/json-text.ts';
import {errorDetails, headline} from './error-text.ts';
import type {ReportSink} from './streams.ts';

/** The rule under which errors of the schema are reported. */
const SCHEMA = 'definition/schema';

/**
 * Writes what `validate` found as SARIF 2.1.0 to stdout when the run is finished. Columns count UTF-16 code units, as everywhere in imgmgr.
 * https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
 */
export function createSarif({sink}: {readonly sink: ReportSink}): (stamped: StampedEvent) => void {
  let version = '';
  let audited: Audited | undefined;
  let failure: ImgmgrError | undefined;
  return ({event}) => {
    if (event.type === 'starting') ({version} = event);
    if (event.type === 'audited') audited = event;
    if (event.type === 'run-failed') failure = event.error;
    if (event.type !== 'finished') return;
    sink.stdout.write(`${jsonText(logOf({version, audited, failure, exitCode: event.exitCode}))}\n`);
  };
}

interface Run {
  readonly version: string;
  readonly audited: Audited | undefined;
  readonly failure: ImgmgrError | undefined;
  readonly exitCode: number;
}

function logOf({version, audited, failure, exitCode}: Run): object {
  const failed = failure && [headline(failure), ...errorDetails(failure)].join('\n');
  return {
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    version: '2.1.0',
    runs: [
      {
        tool: {driver: {name: 'imgmgr', ...(version !== '' && {version}), rules: [schemaRule(), ...RULES.map(ruleOf)]}},
        columnKind: 'utf16CodeUnits',
        invocations: [
          {
            executionSuccessful: failed === undefined,
            exitCode,
            ...(failed !== undefined && {
              toolExecutionNotifications: [{level: 'error', message: {text: failed}}],
            }),
          },
        ],
        artifacts: (audited?.files ?? []).map((file) => ({location: {uri: uriOf(file)}})),
        results: [...(audited?.problems ?? []).map(problemResult), ...(audited?.findings ?? []).map(findingResult)],
      },
    ],
  };
}

function schemaRule(): object {
  return {
    id: SCHEMA,
    shortDescription: {text: 'A file of definitions fits their schema.'},
    help: {text: 'docs/definitions.md describes every key.'},
    defaultConfiguration: {level: 'error'},
  };
}

function ruleOf({id, standard, section, says, matters, mend, severity}: (typeof RULES)[number]): object {
  return {
    id,
    shortDescription: {text: says},
    fullDescription: {text: `${matters} (${standard}, ${section})`},
    help: {text: mend},
    defaultConfiguration: {level: LEVELS[severity.openstack ?? severity['scs-v1'] ?? 'info']},
  };
}

const LEVELS: Readonly<Record<Severity, 'error' | 'warning' | 'note'>> = {
  error: 'error',
  warning: 'warning',
  info: 'note',
};

function problemResult({message, place, hint}: Problem): object {
  return {
    ruleId: SCHEMA,
    ruleIndex: 0,
    level: 'error',
    message: {text: hint === undefined ? message : `${message}\n${hint}`},
    locations: [locationOf(place)],
  };
}

function findingResult(finding: Finding): object {
  const {rule, severity, message, wanted, remedy, place, ignored, by, section} = finding;
  return {
    ruleId: rule,
    ruleIndex: 1 + RULES.findIndex(({id}) => id === rule),
    level: LEVELS[severity],
    message: {text: `${message}; wanted: ${wanted}\n${remedy}`},
    ...(place && {locations: [locationOf(place)]}),
    ...(ignored && {suppressions: [{kind: 'inSource', justification: `${ignored.reason} (until ${ignored.until})`}]}),
    properties: {by, section, subject: finding.subject},
  };
}

function locationOf({file, line, column}: FilePosition): object {
  return {
    physicalLocation: {
      artifactLocation: {uri: uriOf(file)},
      region: {startLine: line, startColumn: column},
    },
  };
}

/** A relative path stays relative; an absolute one becomes a file URI. */
function uriOf(file: string): string {
  const path = file.toWellFormed().split('/').map(encodeURIComponent).join('/');
  return path.startsWith('/') ? `file://${path}` : path;
}
