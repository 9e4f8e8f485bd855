import {z} from 'zod';
import {didYouMean} from '../../core/nearest.ts';
import type {LoginRequest} from '../contract/session.ts';
import {loginRequest} from '../contract/session.ts';
import type {ApprovalRequest, DirectRequest, PlanRequest} from '../contract/verbs.ts';
import {approvalRequest, directRequest, planRequest} from '../contract/verbs.ts';
import {CallError} from '../errors.ts';

/** The body of `POST /v1/runs`. USAGE for what is outside of the closed list, with the nearest name. */
export function readRunRequest(body: unknown): ApprovalRequest | DirectRequest {
  const isApproval = typeof body === 'object' && body !== null && 'plan' in body;
  return isApproval ? readValue(approvalRequest, body) : readValue(directRequest, body);
}

/** The body of `POST /v1/plans`. USAGE as {@link readRunRequest}. */
export function readPlanRequest(body: unknown): PlanRequest {
  return readValue(planRequest, body);
}

/** The body of `POST /v1/session`. The text of what is wrong never holds what was sent. */
export function readLogin(body: unknown): LoginRequest {
  const read = loginRequest.safeParse(body);
  if (read.success) return read.data;
  throw new CallError(400, {code: 'USAGE', message: 'a login has one field, code or token, with its text'});
}

/** The value as the schema reads it; USAGE names the field, and the nearest one that there is. */
export function readValue<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  what = 'the body',
): z.output<Schema> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  const {message, hint} = issue ? explain(issue, schema, what) : {message: `${what} cannot be read`};
  throw new CallError(400, {code: 'USAGE', message}, hint === undefined ? {} : {hint});
}

interface Explained {
  readonly message: string;
  readonly hint?: string | undefined;
}

function explain(issue: z.core.$ZodIssue, schema: z.ZodType, what: string): Explained {
  const path = issue.path.map(String).join('.').slice(0, MOST_SHOWN);
  const where = path === '' ? what : path;
  if (issue.code === 'unrecognized_keys') {
    const [key = ''] = issue.keys;
    const message = `${where} has no ${JSON.stringify(key.slice(0, MOST_SHOWN))} that the server takes`;
    return {
      message,
      hint: didYouMean(key, namesIn(schema)) ?? 'the other flags are given on the command line: imgmgr --help-all',
    };
  }
  if (issue.code === 'invalid_union' && issue.path.at(-1) === 'verb') {
    const verbs = valuesOf(schema);
    return {message: 'verb is none that the server starts', hint: `verbs: ${verbs.join(', ')}`};
  }
  return {message: `${where}: ${issue.message.slice(0, 300)}`};
}

const MOST_SHOWN = 100;

/** Every name of a field anywhere in the schema. */
function namesIn(schema: z.ZodType): readonly string[] {
  const names = new Set<string>();
  const look = (node: unknown): void => {
    if (typeof node !== 'object' || node === null) return;
    for (const [key, value] of Object.entries(node as Readonly<Record<string, unknown>>)) {
      if (key === 'properties' && typeof value === 'object' && value !== null)
        for (const name of Object.keys(value)) names.add(name);
      look(value);
    }
  };
  look(z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'}));
  return [...names];
}

function valuesOf(schema: z.ZodType): readonly string[] {
  const text = JSON.stringify(z.toJSONSchema(schema, {io: 'input', unrepresentable: 'any'}));
  return [...text.matchAll(/"verb":\{"type":"string","const":"(\w+)"/g)].map(([, verb = '']) => verb);
}
