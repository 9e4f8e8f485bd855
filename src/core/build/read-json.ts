import {z} from 'zod';

/** A JSON text read by a schema, or what is wrong with it, to be put behind the name of its file. */
export type Read<T> = {readonly value: T} | {readonly problem: string};

/** What a JSON text says by its schema, or what is wrong: `has a wrong files.0.bytes: …`. */
export function readJson<T>(schema: z.ZodType<T>, text: string): Read<T> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    return {problem: `is no JSON: ${error instanceof Error ? error.message : String(error)}`};
  }
  const read = schema.safeParse(json);
  return read.success ? {value: read.data} : {problem: problemOf(read.error)};
}

/** As {@link readJson}, for texts of ours, which say their {@link SCHEMA}. */
export function readOwnJson<T>(schema: z.ZodType<T>, text: string): Read<T> {
  const head = readJson(Head, text);
  if ('problem' in head) return head;
  const {schema: number} = head.value;
  if (number !== SCHEMA) return {problem: `is of schema ${number}, this imgmgr reads schema ${SCHEMA}`};
  return readJson(schema, text);
}

/** Of manifests and records; counts up with every change that an older imgmgr would misread. */
export const SCHEMA = 1;

/** The object with its keys in the order of their characters, so that equal content is equal text. */
export function sortedByKey<T>(record: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1)));
}

const Head = z.object({schema: z.int()});

function problemOf({issues: [issue]}: z.ZodError): string {
  const field = issue?.path.map(String).join('.') ?? '';
  const what = issue?.message ?? 'is not as imgmgr writes it';
  return field === '' ? `is wrong: ${what}` : `has a wrong ${field}: ${what}`;
}
