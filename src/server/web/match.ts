import {z} from 'zod';
import type {Route} from '../contract/routes.ts';
import {ROUTES} from '../contract/routes.ts';
import {CallError} from '../errors.ts';
import {checkedQuery} from '../service/checked.ts';

/** A call, and what its address says. */
export interface Matched {
  readonly route: (typeof ROUTES)[number];
  readonly params: Readonly<Record<string, string>>;
}

const PATTERNS = ROUTES.map((route) => ({route, parts: route.path.split('/')}));

/** The call that a path means, whatever the method; each part is decoded by itself, so that no text of it becomes another part. USAGE for what is no address. */
export function matchPath(method: string, path: string): Matched | undefined {
  const parts = path.split('/');
  const fitting = PATTERNS.filter(
    (one) => one.parts.length === parts.length && one.parts.every((part, at) => isParam(part) || part === parts[at]),
  );
  const found = fitting.find(({route}) => route.method === method);
  const [other] = fitting;
  if (!found && other)
    throw new CallError(405, {
      code: 'USAGE',
      message: `${other.route.path} takes ${fitting.map(({route}) => route.method).join(', ')}`,
    });
  if (!found) return undefined;
  const params = found.parts.flatMap((part, at) =>
    isParam(part) ? [[part.slice(1, -1), decoded(parts[at] ?? '')] as const] : [],
  );
  return {route: found.route, params: Object.fromEntries(params)};
}

/** The query as the route takes it. USAGE for unknown names, values that do not fit, and what is given twice. */
export function readQuery(route: Route, query: URLSearchParams): unknown {
  // Without a prototype, so that __proto__ is a name like others.
  const values = Object.create(null) as Record<string, string | readonly string[]>;
  for (const key of new Set(query.keys())) {
    const all = query.getAll(key);
    const isList = route.query !== undefined && takesMany(route.query, key);
    if (!isList && all.length > 1)
      throw new CallError(400, {code: 'USAGE', message: `${key.slice(0, 100)} is given twice`});
    if (isNumber(route.query, key) && !/^\d{1,15}$/.test(all[0] ?? ''))
      throw new CallError(400, {code: 'USAGE', message: `${key} takes decimal digits alone`});
    values[key] = isList ? all : (all[0] ?? '');
  }
  return checkedQuery(route, values);
}

function isParam(part: string): boolean {
  return part.startsWith('{');
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    throw new CallError(400, {code: 'USAGE', message: 'the address is not percent-encoded as it has to be'});
  }
}

function takesMany(schema: z.ZodObject, key: string): boolean {
  return fieldOf(schema, key) instanceof z.ZodArray;
}

function isNumber(schema: z.ZodObject | undefined, key: string): boolean {
  return schema !== undefined && fieldOf(schema, key) instanceof z.ZodNumber;
}

function fieldOf({shape}: z.ZodObject, key: string): unknown {
  let field: unknown = Object.hasOwn(shape, key) ? shape[key] : undefined;
  while (field instanceof z.ZodDefault || field instanceof z.ZodOptional) field = field.unwrap();
  return field;
}
