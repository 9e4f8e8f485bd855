import type {ImgmgrError} from '../errors.ts';

/** What is counted, in the order in which it is shown; the unit is an image, for `pending` of a dry run an action. */
export const COUNT_FIELDS = [
  'built',
  'passed',
  'imported',
  'updated',
  'retired',
  'deleted',
  'unchanged',
  'quarantined',
  'failed',
  'pending',
] as const;

export type CountField = (typeof COUNT_FIELDS)[number];

/** A number for everything that is counted; the same numbers stand in the last line, in JSON and in JUnit. */
export type Counts = Readonly<Record<CountField, number>>;

const ZERO = {
  built: 0,
  passed: 0,
  imported: 0,
  updated: 0,
  retired: 0,
  deleted: 0,
  unchanged: 0,
  quarantined: 0,
  failed: 0,
  pending: 0,
} as const satisfies Counts;

/** These numbers, 0 for the others. */
export function countsOf(numbers: Partial<Counts>): Counts {
  return {...ZERO, ...numbers};
}

/** Field by field, the sum of all. */
export function sumCounts(all: readonly Partial<Counts>[]): Counts {
  const total: Record<CountField, number> = {...ZERO};
  for (const counts of all) for (const field of COUNT_FIELDS) total[field] += counts[field] ?? 0;
  return total;
}

/** The fields to show for a command: what it can change, and whatever is not 0. */
export function shownFields(command: string, counts: Counts): readonly CountField[] {
  const usual = COUNTED_BY[command] ?? EVERYTHING;
  return COUNT_FIELDS.filter((field) => usual.includes(field) || counts[field] > 0);
}

/** `imported: 1, updated: 0, …`, always in the same order. */
export function countsText(counts: Counts, fields: readonly CountField[]): string {
  return fields.map((field) => `${field}: ${counts[field]}`).join(', ');
}

/** What `manage` can change; it counts neither builds nor verdicts by themselves. */
const EVERYTHING = COUNT_FIELDS.filter((field) => field !== 'built' && field !== 'passed');

/** The name of `build --upload` among the commands that count; without `--upload` it fills no cloud. */
export const BUILD_AND_UPLOAD = 'build --upload';

/** The name of `build --delete` there. */
export const DELETE_BUILDS = 'build --delete';

const COUNTED_BY: Readonly<Record<string, readonly CountField[]>> = {
  manage: EVERYTHING,
  import: EVERYTHING.filter((field) => field !== 'deleted'),
  [BUILD_AND_UPLOAD]: EVERYTHING.filter((field) => field !== 'deleted'),
  [DELETE_BUILDS]: ['deleted', 'failed'],
  build: ['built', 'unchanged', 'failed'],
  verify: ['passed', 'failed'],
  hide: ['retired', 'failed'],
  delete: ['deleted', 'unchanged', 'failed'],
  'dry-run': ['unchanged', 'quarantined', 'failed', 'pending'],
  validate: [],
  status: [],
  export: ['failed'],
  show: [],
  inspect: [],
  hold: [],
  unhold: [],
  rollback: ['updated', 'retired', 'failed'],
  history: [],
  doctor: [],
};

/** What a plan knows of one definition besides its actions. */
export interface PlannedStanding {
  readonly unchanged: number;
  readonly unchangedImages: readonly string[];
  readonly pending: number;
  readonly failures: readonly {readonly error: ImgmgrError}[];
  readonly error?: ImgmgrError;
  /** Another run works on it. */
  readonly busy: boolean;
}

/** Why images of a definition count as they do. */
export interface CountReason {
  readonly counted: 'quarantined' | 'failed' | 'pending';
  readonly message: string;
}

/** How one definition counts before anything is done: numbers, and the reason for each that is not simply unchanged. */
export interface DefinitionCounts {
  readonly name: string;
  readonly unchanged: number;
  /** Glance ids of wanted images that are there and need nothing. */
  readonly images: readonly string[];
  readonly quarantined: number;
  readonly failed: number;
  readonly pending: number;
  readonly reasons: readonly CountReason[];
}

/** How a definition counts by its plan, without the actions. */
export function countDefinition(name: string, plan: PlannedStanding): DefinitionCounts {
  const errors = [...plan.failures.map(({error}) => error), ...(plan.error ? [plan.error] : [])];
  const reasons: CountReason[] = errors.map(({code, message}) => ({counted: fieldOfError(code), message}));
  if (plan.busy) reasons.push({counted: 'pending', message: 'another run works on it'});
  return {
    name,
    unchanged: plan.unchanged,
    images: plan.unchangedImages,
    quarantined: reasons.filter(({counted}) => counted === 'quarantined').length,
    failed: reasons.filter(({counted}) => counted === 'failed').length,
    pending: plan.pending + (plan.busy ? 1 : 0),
    reasons,
  };
}

/** The numbers of a definition alone. */
export function numbersOf({unchanged, quarantined, failed, pending}: DefinitionCounts): Partial<Counts> {
  return {unchanged, quarantined, failed, pending};
}

/** An image that failed its verification is kept in quarantine; every other error is a failure. */
export function fieldOfError(code: ImgmgrError['code']): 'quarantined' | 'failed' {
  return code === 'VERIFICATION' ? 'quarantined' : 'failed';
}
