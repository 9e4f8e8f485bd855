import {describe, expect, it} from 'vitest';
import {ROUTES} from '../../../../src/server/contract/routes.ts';
import {openApiDocument} from '../../../../src/server/web/openapi.ts';
import type {Schema} from './compatible.ts';

interface Operation {
  readonly parameters: readonly {readonly name: string; readonly schema: Schema}[];
  readonly responses: Readonly<Record<string, {readonly content: Readonly<Record<string, {readonly schema: Schema}>>}>>;
}

function operation(id: string): Operation {
  const route = ROUTES.find((one) => one.id === id);
  const {paths} = openApiDocument('0') as {paths: Record<string, Record<string, Operation>>};
  const found = route && paths[route.path]?.[route.method.toLowerCase()];
  if (!found) throw new Error(`there is no call ${id}`);
  return found;
}

describe('no list has more than 1,000 rows', () => {
  it.each([
    ['images', 'rows'],
    ['runs', 'runs'],
    ['definitions', 'definitions'],
    ['definitions', 'findings'],
    ['definitions', 'ahead'],
  ])('%s: %s', (id, field) => {
    const {schema} = operation(id).responses['200']?.content['application/json'] ?? {schema: {}};
    expect(schema.properties?.[field]?.maxItems).toBe(1000);
  });

  it.each(['images', 'runs'])('%s: no page is asked for that is longer', (id) => {
    const limit = operation(id).parameters.find(({name}) => name === 'limit');
    expect(limit?.schema.maximum).toBe(1000);
  });
});
