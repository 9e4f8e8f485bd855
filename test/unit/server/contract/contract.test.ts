import {readFileSync, writeFileSync} from 'node:fs';
import {describe, expect, it} from 'vitest';
import {openApiDocument} from '../../../../src/server/web/openapi.ts';
import type {Recorded, RecordedCall, Schema} from './compatible.ts';
import {breaks} from './compatible.ts';

/** The interface as it was promised. `RECORD=1` writes it anew, see CONTRIBUTING.md. */
const FILE = new URL('../../../fixtures/api/contract.json', import.meta.url);

interface Operation {
  readonly operationId: string;
  readonly description: string;
  readonly parameters: RecordedCall['parameters'];
  readonly requestBody?: {readonly content: Readonly<Record<string, {readonly schema: Schema}>>};
  readonly responses: Readonly<Record<string, {readonly content: Readonly<Record<string, {readonly schema: Schema}>>}>>;
}

function present(): Recorded {
  const document = openApiDocument('0') as {
    readonly paths: Readonly<Record<string, Readonly<Record<string, Operation>>>>;
    readonly components: {readonly schemas: {readonly Error: Schema}};
  };
  const calls = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, RecordedCall] => {
      const {operationId, description, parameters, requestBody, responses} = operation;
      const [status = '', response] = Object.entries(responses).find(([code]) => code.startsWith('2')) ?? [];
      const [[type, {schema: answer}] = ['', {schema: {}}]] = Object.entries(response?.content ?? {});
      const body = requestBody?.content['application/json']?.schema ?? null;
      return [operationId, {method, path, description, parameters, body, status, type, answer}];
    }),
  );
  return {calls: Object.fromEntries(calls), error: document.components.schemas.Error};
}

if (process.env['RECORD'] === '1') writeFileSync(FILE, `${JSON.stringify(present(), undefined, 1)}\n`);
const recorded = JSON.parse(readFileSync(FILE, 'utf8')) as Recorded;

describe('the JSON interface', () => {
  it('breaks nothing that it has promised', () => {
    expect(breaks(recorded, present())).toEqual([]);
  });

  it('has promised everything that it has: what is new is recorded with it', () => {
    expect(Object.keys(present().calls).sort()).toEqual(Object.keys(recorded.calls).sort());
  });
});

/** The present interface with a part of it changed; the path leads to an object. */
function changed(path: readonly string[], change: (part: Record<string, unknown>) => void): Recorded {
  const copy = structuredClone(recorded) as unknown as Record<string, unknown>;
  let part = copy;
  for (const name of path) part = part[name] as Record<string, unknown>;
  change(part);
  return copy as unknown as Recorded;
}

const RUN = ['calls', 'runs', 'answer', 'properties', 'runs', 'items'];
const IMAGE_ROW = ['calls', 'images', 'answer', 'properties', 'rows', 'items', 'properties'];
const MANAGE = ['calls', 'start', 'body', 'anyOf', '1', 'oneOf', '0'];

describe('the comparison finds', () => {
  it.each<[string, readonly string[], (part: Record<string, unknown>) => void, RegExp]>([
    ['a call that is gone', ['calls'], (of) => delete of['plans'], /^plans: the call is gone$/],
    ['another path', ['calls', 'plans'], (of) => (of['path'] = '/v2/plans'), /path was \/v1\/plans/],
    ['another role', ['calls', 'runs'], (of) => (of['description'] = 'Takes the role operator.'), /description was/],
    ['another status', ['calls', 'start'], (of) => (of['status'] = '200'), /status was 202/],
    ['a field that is gone', [...RUN, 'properties'], (of) => delete of['pid'], /runs\[\]\.pid is gone/],
    [
      'a field that has another name',
      [...RUN, 'properties'],
      (of) => ((of['processId'] = of['pid']), delete of['pid']),
      /runs\[\]\.pid is gone/,
    ],
    [
      'a field of another type',
      [...RUN, 'properties'],
      (of) => (of['pid'] = {type: 'string'}),
      /pid was integer, and is string/,
    ],
    [
      'a field that may be null now',
      [...RUN, 'properties'],
      (of) => (of['host'] = {anyOf: [{type: 'string'}, {type: 'null'}]}),
      /host was string, and is null/,
    ],
    [
      'a field that may be left out now',
      RUN,
      (of) => (of['required'] = (of['required'] as string[]).filter((name) => name !== 'host')),
      /host may be left out now/,
    ],
    ['a word that is gone', [...IMAGE_ROW, 'state'], (of) => (of['enum'] as string[]).shift(), /state has lost ok/],
    [
      'a field within null or an object',
      [...IMAGE_ROW, 'hold', 'anyOf', '0', 'properties'],
      (of) => delete of['until'],
      /until is gone/,
    ],
    [
      'a query that is gone',
      ['calls', 'runs'],
      (of) => (of['parameters'] as unknown[]).shift(),
      /parameter verb is gone/,
    ],
    [
      'a query that is needed',
      ['calls', 'runs', 'parameters', '0'],
      (of) => (of['required'] = true),
      /verb is needed now/,
    ],
    [
      'a smaller page',
      ['calls', 'runs', 'parameters', '5', 'schema'],
      (of) => (of['maximum'] = 10),
      /limit takes less: maximum/,
    ],
    [
      'a field of the body that is needed',
      MANAGE,
      (of) => (of['required'] as string[]).push('flags'),
      /flags is needed now/,
    ],
    [
      'a flag that is gone',
      [...MANAGE, 'properties', 'flags', 'properties'],
      (of) => delete of['latest'],
      /flags.latest is gone/,
    ],
    [
      'a verb that is gone',
      ['calls', 'start', 'body', 'anyOf', '1', 'oneOf'],
      (of) => (of as unknown as unknown[]).pop(),
      /verb|unhold/,
    ],
    ['another error', ['error', 'properties', 'error', 'properties'], (of) => delete of['hint'], /error.hint is gone/],
  ])('%s', (_, path, change, found) => {
    expect(breaks(recorded, changed(path, change)).join('\n')).toMatch(found);
  });

  it.each<[string, readonly string[], (part: Record<string, unknown>) => void]>([
    ['a call', ['calls'], (of) => (of['more'] = of['plans'])],
    ['a field of an answer', [...RUN, 'properties'], (of) => (of['more'] = {type: 'string'})],
    ['a field of an answer that is always there', RUN, (of) => (of['required'] as string[]).push('more')],
    ['a word', [...IMAGE_ROW, 'state'], (of) => (of['enum'] as string[]).push('more')],
    [
      'a query',
      ['calls', 'runs'],
      (of) => (of['parameters'] as unknown[]).push({name: 'more', in: 'query', required: false, schema: {}}),
    ],
    ['a flag', [...MANAGE, 'properties', 'flags', 'properties'], (of) => (of['more'] = {type: 'boolean'})],
    [
      'a verb',
      ['calls', 'start', 'body', 'anyOf', '1', 'oneOf'],
      (of) => (of as unknown as unknown[]).push({type: 'object'}),
    ],
    ['a larger page', ['calls', 'runs', 'parameters', '5', 'schema'], (of) => (of['maximum'] = 5000)],
  ])('nothing where there is %s more', (_, path, change) => {
    expect(breaks(recorded, changed(path, change))).toEqual([]);
  });
});
