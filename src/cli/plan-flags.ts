import {Command, CommanderError} from 'commander';
import {canonicalText} from '../core/canonical-text.ts';
import type {PlanFile} from '../core/plan/plan-file.ts';
import {DEFAULT_POLICY} from '../core/policy.ts';
import {ImgmgrError} from '../errors.ts';
import type {Flags} from './flags.ts';
import {givenFlags} from './flags.ts';
import {addOpposites} from './settings/opposites.ts';

/** Flags as they were written. */
export type WrittenFlags = PlanFile['flags'];

/** Notes the flags of a command as they are given; the answer gives those that a plan keeps, in their order. */
export function noteFlags(command: Command): () => WrittenFlags {
  const noted: WrittenFlags = [];
  for (const option of command.options) {
    const {long, required} = option;
    if (typeof long !== 'string' || NOT_KEPT.has(long)) continue;
    command.on(`option:${option.name()}`, (value: unknown) => {
      noted.push([long, required && typeof value === 'string' ? value : true]);
    });
  }
  return () => noted;
}

/** What a plan keeps elsewhere, or what is said anew for each run. */
const NOT_KEPT: ReadonlySet<string> = new Set([
  ...[
    '--cloud',
    '--out',
    '--plan',
    '--dry-run',
    '--jobs',
    '--wait-lock',
    '--keep-history',
    '--metrics-dir',
    '--webhook',
    '--webhook-secret-file',
    '--yes',
    '--yes-i-really-know-what-i-do',
  ],
  ...['--profile', '--fail-on'],
]);

/** Flags that decide what is planned; what all others say may differ from one run to the next. */
const SHAPING = [
  ...(['region', 'filter', 'force', 'latest', 'replace', 'adopt', 'convert', 'compress', 'stores', 'wait'] as const),
  ...(['publish', 'tag', 'verify', 'reverify', 'quarantine', 'build', 'rebuild', 'hide', 'retireAs'] as const),
  ...(['deactivate', 'delete', 'keep', 'forceState', 'maxDelete', 'deleteInUse', 'includeNone'] as const),
] as const satisfies readonly (keyof Flags)[];

/** What the absence of a flag means, where the flag can say the same. */
const ABSENT: Partial<Record<keyof Flags, unknown>> = {
  verify: DEFAULT_POLICY.verify,
  maxDelete: DEFAULT_POLICY.maxDelete,
  quarantine: DEFAULT_POLICY.quarantine,
  ...{latest: false, compress: false, hide: false, deactivate: false, delete: false, keep: false},
  ...{wait: true, publish: true, build: true},
};

/**
 * The flags of a plan, besides them those of this command line that the plan leaves open. USAGE where a flag contradicts the plan, or the plan
 * has one that this program does not know. `addFlags` adds the flags of the command.
 */
export function flagsWithPlan(
  given: Flags,
  {path, plan, addFlags}: {readonly path: string; readonly plan: PlanFile; readonly addFlags: (to: Command) => Command},
): Flags {
  const kept = parseFlags(plan.flags, path, addFlags);
  const clouds = plan.clouds.map(({cloud}) => cloud);
  const contradictions = [
    ...cloudContradiction(given.cloud, clouds),
    ...SHAPING.flatMap((key) => contradiction(key, given[key], kept[key])),
  ];
  if (contradictions.length > 0)
    throw new ImgmgrError('USAGE', `these flags are not those of the plan ${path}: ${contradictions.join('; ')}`, {
      hint: 'leave them out, the plan keeps its flags; or make a new plan with dry-run --out',
    });
  return {...kept, ...given, cloud: clouds};
}

function cloudContradiction(given: readonly string[] | undefined, planned: readonly string[]): readonly string[] {
  if (given === undefined || canonicalText([...new Set(given)].sort()) === canonicalText([...planned].sort()))
    return [];
  return [`--cloud is ${given.join(', ')}, was ${planned.join(', ')}`];
}

function contradiction(key: keyof Flags, given: unknown, kept: unknown): readonly string[] {
  if (given === undefined || canonicalText(given) === canonicalText(kept ?? ABSENT[key])) return [];
  const flag = key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return [`--${given === false ? 'no-' : ''}${flag} is ${shown(given)}, was ${shown(kept)}`];
}

function shown(value: unknown): string {
  if (value === undefined) return 'not given';
  return typeof value === 'boolean' ? 'given' : canonicalText(value);
}

/** By the parsers of the command itself, so that a plan can say nothing that a command line could not. */
function parseFlags(written: WrittenFlags, path: string, addFlags: (to: Command) => Command): Flags {
  const command = addOpposites(
    addFlags(new Command('manage').exitOverride().configureOutput({writeErr: () => undefined})),
  );
  // A plan asks for no help, which would be printed as the answer.
  command.helpOption(false);
  try {
    command.parse(
      written.map(([flag, value]) => (value === true ? flag : `${flag}=${value}`)),
      {from: 'user'},
    );
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^error: /, '') : String(error);
    if (!(error instanceof CommanderError || error instanceof ImgmgrError)) throw error;
    throw new ImgmgrError('USAGE', `the plan ${path} cannot be used: ${reason.slice(0, 300)}`, {
      cause: error,
      hint: 'make the plan again with dry-run --out',
    });
  }
  return givenFlags(command);
}
