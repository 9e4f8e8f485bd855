import type {Identity} from '../access/identity.ts';
import {mayAs} from '../access/identity.ts';
import type {Route, RouteId} from '../contract/routes.ts';
import {ROUTES} from '../contract/routes.ts';
import {CallError} from '../errors.ts';
import {readValue} from '../verbs/read-body.ts';

/** The route of that call. */
export function routeOf(id: RouteId): Route {
  const route = ROUTES.find((one) => one.id === id);
  if (!route) throw new Error(`there is no call ${id}`);
  return route;
}

/** FORBIDDEN where the role may not make the call. */
export function requireRole({role}: Identity, route: Route): void {
  if (route.role === 'open' || mayAs(role, route.role)) return;
  throw new CallError(403, {
    code: 'FORBIDDEN',
    message: `the role ${role} may not do that: it takes ${route.role}`,
  });
}

/** The parts of the path as the schema of the route reads them; what does not fit is not there. */
export function checkedParams({params: schema}: Route, params: Readonly<Record<string, unknown>>): unknown {
  if (!schema) return {};
  const read = schema.safeParse(params);
  if (read.success) return read.data;
  throw new CallError(404, {code: 'NOT_FOUND', message: 'there is no such address'});
}

/** The query as the schema of the route reads it. USAGE for unknown names and values that do not fit. */
export function checkedQuery({query: schema}: Route, values: Readonly<Record<string, unknown>>): unknown {
  if (schema) return readValue(schema, values, 'the query');
  if (Object.keys(values).length === 0) return {};
  throw new CallError(400, {code: 'USAGE', message: 'this call takes no query'});
}
