import {z} from 'zod';
import {ImgmgrError} from '../../errors.ts';
import {canonicalText} from '../canonical-text.ts';
import {fnv1a} from '../fnv1a.ts';
import {jsonText} from '../json-text.ts';
import {storedName, storedPlan} from './stored-plan.ts';

/** What a plan file calls itself. */
const SCHEMA = 'imgmgr-plan';

/** The version of the form that this program writes, and the newest one that it reads. */
const VERSION = 1;

/** How a plan file begins. */
const BEGINNING = /^\s{0,9}\{\s{0,9}"schema"\s{0,9}:\s{0,9}"imgmgr-plan"/;

const content = {
  schema: z.literal(SCHEMA),
  version: z.literal(VERSION),
  /** When it was made, ISO 8601. */
  at: z.string(),
  /** The flags that it was made with, as they were written: name and value; without a value: `true`. */
  flags: z.array(z.tuple([storedName, z.union([z.string(), z.literal(true)])])),
  /** The definitions that it was made from, and a hash of each. */
  definitions: z.array(z.strictObject({name: storedName, hash: z.string()})),
  /** In the order in which they are worked on. */
  clouds: z.array(storedPlan),
  /** Of a plan of `rollback`: its arguments, and the moment that it writes down. Absent: a plan of `manage`. */
  rollback: z.exactOptional(
    z.strictObject({
      definition: storedName,
      version: z.exactOptional(storedName),
      date: z.iso.datetime(),
    }),
  ),
};

const file = z.strictObject({...content, checksum: z.string()});

/** The plans of all clouds of a dry run, and what they were made from. */
export type PlanFile = Omit<z.infer<typeof file>, 'schema' | 'version' | 'checksum'>;

/** The text of a plan file. */
export function planText(plan: PlanFile): string {
  const whole = {schema: SCHEMA, version: VERSION, ...plan} as const;
  return `${jsonText({...whole, checksum: checksumOf(whole)}, 2)}\n`;
}

/** True for a text, or its first part, that is a plan of imgmgr, whatever its version. */
export function looksLikePlan(text: string): boolean {
  return BEGINNING.test(text);
}

/**
 * Reads a plan file: USAGE for what is no JSON or cut off, no plan, or changed since; NEWER_FORMAT for a plan of a later version. The
 * checksum shows changes made by mistake; whatever else was changed shows when the plan is compared with a fresh one. `path`: as it was given.
 */
export function readPlanFile(text: string, path: string): PlanFile {
  const json = parseJson(text, path);
  const head = z.object({schema: content.schema, version: z.int()}).safeParse(json);
  if (!head.success) throw unusable(path, 'it is no plan of imgmgr');
  if (head.data.version > VERSION)
    throw new ImgmgrError(
      'NEWER_FORMAT',
      `the plan ${path} is of version ${head.data.version}, this imgmgr reads version ${VERSION}`,
      {hint: 'use the imgmgr that made the plan, or make the plan again with dry-run --out'},
    );
  // Before the form: what was edited may hold a million wrong values.
  if (!isWhole(json)) throw unusable(path, 'it was changed: its checksum does not fit');
  const read = file.safeParse(json);
  if (!read.success) throw unusable(path, `it has another form: ${describeIssue(read.error)}`);
  const {at, flags, definitions, clouds, rollback} = read.data;
  return {at, flags, definitions, clouds, ...(rollback && {rollback})};
}

function isWhole(json: unknown): boolean {
  const head = z.object({checksum: z.string()}).safeParse(json);
  try {
    return (
      typeof json === 'object' && json !== null && checksumOf({...json, checksum: undefined}) === head.data?.checksum
    );
  } catch {
    // It is nested deeper than anything that is written.
    return false;
  }
}

/** The checksum of everything else in the file, whatever the order of its fields. */
function checksumOf(whole: object): string {
  return fnv1a(canonicalText(whole));
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw unusable(path, 'it is cut off or no JSON');
  }
}

function unusable(path: string, why: string): ImgmgrError {
  return new ImgmgrError('USAGE', `the plan ${path} cannot be used: ${why}`, {
    hint: 'make the plan again with dry-run --out, or rollback --dry-run --out',
  });
}

function describeIssue({issues}: z.ZodError): string {
  const [issue] = issues;
  return issue ? `${issue.path.join('.')}: ${issue.message}`.slice(0, 300) : 'what differs is not known';
}
