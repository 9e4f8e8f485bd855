import {z} from 'zod';
import {errorAnswer} from '../contract/common.ts';
import {ERROR_STATUSES, ROUTES} from '../contract/routes.ts';
import type {Route} from '../contract/routes.ts';

/** This interface as an OpenAPI 3.1 document, made from the table of routes. https://spec.openapis.org/oas/v3.1.1.html */
export function openApiDocument(version: string): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const route of ROUTES) (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(route);
  return {
    openapi: '3.1.1',
    info: {
      title: 'imgmgr serve',
      version,
      summary: 'Images of OpenStack clouds, runs of imgmgr, and plans to approve',
      license: {name: 'Apache-2.0', identifier: 'Apache-2.0'},
    },
    servers: [{url: '/'}],
    paths,
    components: {
      schemas: {Error: jsonSchema(errorAnswer)},
      securitySchemes: {token: {type: 'http', scheme: 'bearer', description: 'imgmgr serve token add NAME'}},
    },
  };
}

function operation(route: Route): object {
  const {id, summary, role, params, query, body, answer} = route;
  return {
    operationId: id,
    summary,
    description: role === 'open' ? 'Open to everybody.' : `Takes the role ${role}.`,
    security: role === 'open' ? [] : [{token: []}],
    parameters: [...parametersOf(params, 'path'), ...parametersOf(query, 'query'), ...resumeOf(answer.type)],
    ...(body && {requestBody: {required: true, content: {'application/json': {schema: jsonSchema(body)}}}}),
    responses: {
      [answer.status]: {description: summary, content: {[answer.type]: {schema: jsonSchema(answer.schema)}}},
      ...Object.fromEntries(
        Object.entries(ERROR_STATUSES).map(([status, description]) => [
          status,
          {description, content: {'application/json': {schema: {$ref: '#/components/schemas/Error'}}}},
        ]),
      ),
    },
  };
}

function parametersOf(schema: z.ZodObject | undefined, place: 'path' | 'query'): readonly object[] {
  return Object.entries(schema?.shape ?? {}).map(([name, field]) => ({
    name,
    in: place,
    required: place === 'path',
    schema: jsonSchema(field as z.ZodType),
  }));
}

function resumeOf(type: Route['answer']['type']): readonly object[] {
  if (type !== 'text/event-stream') return [];
  return [{name: 'last-event-id', in: 'header', required: false, schema: {type: 'string', pattern: String.raw`^\d+$`}}];
}

/** As it is written by a client, or read by one that takes no offence at fields that come with a later version. */
function jsonSchema(schema: z.ZodType): object {
  const made: Record<string, unknown> = z.toJSONSchema(schema, {
    io: 'input',
    unrepresentable: 'any',
    reused: 'inline',
  });
  delete made['$schema'];
  return made;
}
