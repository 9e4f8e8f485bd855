import type {DoctorEvent, Health, ServicePolicy, SettingOrigin} from '../core/doctor.ts';
import {formatCount} from './amounts.ts';
import {clean} from './clean.ts';
import type {Paint} from './paint.ts';
import type {Verbosity} from './sentences.ts';

type Check = Extract<DoctorEvent, {type: 'check'}>;
type Setting = Extract<DoctorEvent, {type: 'setting'}>;
type Policy = Extract<DoctorEvent, {type: 'policy'}>;

/** True where somebody has to do something about it. */
export function isOffending(health: Health): boolean {
  return health === 'warn' || health === 'fail';
}

/** The answer of `doctor`, event by event: a line for each check, below it why and what to do; with `-q` only where something is to be done. */
export function createDoctorAnswer(verbosity: Verbosity, paint: Paint): (event: DoctorEvent) => string {
  let group: string | undefined;
  const headed = (name: string, text: string): string => {
    if (text === '' || name === group) return text;
    const gap = group === undefined ? '' : '\n';
    group = name;
    return `${gap}${paint.bold(clean(name))}\n${text}`;
  };
  return (event) => {
    switch (event.type) {
      case 'check':
        if (verbosity === 'quiet' && !isOffending(event.health)) return '';
        return headed(event.cloud ?? 'this host', checkText(event, paint));
      case 'checked':
        return `${group === undefined ? '' : '\n'}${event.ok} ok, ${formatCount(event.warn, 'warning')}, ${event.fail} failed, ${event.untried} not tried\n`;
      case 'setting':
        return headed(placeOf(event), settingText(event));
      case 'policy':
        return policyText(event);
    }
  };
}

const WORDS: Readonly<Record<Health, string>> = {ok: 'ok', warn: 'warn', fail: 'FAIL', untried: '?'};
/** As wide as the longest id of a check. */
const WIDTH = 17;

function checkText({health, check, fact, reason, remedy, place}: Check, paint: Paint): string {
  const brush = {ok: paint.green, warn: paint.yellow, fail: paint.red, untried: paint.dim}[health];
  const where = place === undefined ? '' : ` (${place})`;
  const more = health === 'ok' ? [reason] : [reason, remedy === undefined ? undefined : `hint: ${remedy}`];
  return [
    `  ${brush(WORDS[health].padEnd(4))}  ${clean(check).padEnd(WIDTH)}  ${clean(fact + where)}`,
    ...more.flatMap((text) => (text === undefined ? [] : [`  ${' '.repeat(WIDTH + 8)}${clean(text)}`])),
    '',
  ].join('\n');
}

function placeOf({command, cloud}: Setting): string {
  if (cloud !== undefined) return `on the cloud ${cloud}`;
  return command === undefined ? 'in general' : `for ${command}`;
}

function settingText({key, value, from}: Setting): string {
  return `  ${clean(key).padEnd(24)}${clean(`${value ?? '–'}  (${originText(from)})`)}\n`;
}

function originText(from: SettingOrigin): string {
  if (from.kind === 'file') return from.place;
  return from.kind === 'default' ? 'default' : `variable ${from.variable}`;
}

function policyText({role, services}: Policy): string {
  return services.map((service) => serviceText(service, role)).join('\n');
}

const NEEDS = {
  always: 'An admin alone may do this by default:',
  enforced:
    'Any role in a project may do this, unless the service enforces the newer defaults ([oslo_policy] enforce_new_defaults). Where it does not, leave this out:',
  optional: 'Only where it is wanted:',
} as const;

/** A policy.yaml of one service, as oslo.policy reads it; what is optional is commented out. */
function serviceText({service, file, rules}: ServicePolicy, role: string): string {
  const parts = (['always', 'enforced', 'optional'] as const).flatMap((need) => {
    const lines = rules.filter((rule) => rule.need === need).flatMap((rule) => ruleLines(rule));
    return lines.length === 0 ? [] : ['#', `# ${NEEDS[need]}`, ...lines];
  });
  const head = `# ${file}: what ${service} has to allow the role ${role}, beside whom it allows already`;
  return [head, ...parts, ''].map((line) => clean(line)).join('\n');
}

function ruleLines({name, check, why, only}: ServicePolicy['rules'][number]): readonly string[] {
  const line = `${JSON.stringify(name)}: ${JSON.stringify(check)}`;
  return only === undefined ? [`# ${why}`, line] : [`# ${why}, where ${only}`, `#${line}`];
}
