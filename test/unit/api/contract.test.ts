import {describe, expect, it} from 'vitest';
import {ENUMS, MESSAGES} from '../../../src/api/types.ts';
import {imageAnswer, imageQuery, imagesAnswer, imagesQuery} from '../../../src/server/contract/images.ts';
import {planAnswer} from '../../../src/server/contract/plans.ts';
import {
  cancelAnswer,
  logAnswer,
  logQuery,
  runAnswer,
  runsAnswer,
  runsQuery,
  startedAnswer,
} from '../../../src/server/contract/runs.ts';
import * as verbs from '../../../src/server/contract/verbs.ts';
import {type Schema, schemaOf} from './sample.ts';

/** What differs between a form of JSON and a message, one clause each. */
function differences(schema: Schema, type: string, path: string): string[] {
  const fields = [...(MESSAGES.get(type)?.fields.values() ?? [])];
  const names = Object.keys(schema.properties ?? {});
  const missing = names.filter((name) => !fields.some(({jsonName}) => jsonName === name));
  const more = fields.filter(({jsonName}) => !names.includes(jsonName));
  return [
    ...missing.map((name) => `${path}${name} has no field in ${type}`),
    ...more.map(({name}) => `${type}.${name} is not in the JSON`),
    ...fields.flatMap((field) => {
      const one = (schema.properties ?? {})[field.jsonName];
      if (!one) return [];
      return below({...field, schema: one, path: `${path}${field.jsonName}`});
    }),
  ];
}

function below({
  schema,
  type,
  form,
  path,
}: {
  readonly schema: Schema;
  readonly type: string;
  readonly form: string;
  readonly path: string;
}): string[] {
  const alternatives = (schema.anyOf ?? schema.oneOf ?? [schema]).filter((one) => one.type !== 'null');
  const [one = {}] = alternatives;
  if (type === 'google.protobuf.Value') return [];
  if (form === 'repeated') {
    if (one.type !== 'array') return [`${path} is no list in JSON`];
    return below({schema: one.items ?? {}, type, form: 'single', path: `${path}[]`});
  }
  if (form === 'map') {
    if (one.type !== 'object' || typeof one.additionalProperties !== 'object') return [`${path} is no map in JSON`];
    return below({schema: one.additionalProperties, type, form: 'single', path: `${path}{}`});
  }
  if (one.type === 'array') return [`${path} is a list in JSON`];
  const words = ENUMS.get(type)?.words;
  if (words) {
    const wanted = (one.enum ?? []).map((word) => word.replaceAll('-', '_').toUpperCase());
    const known = words.filter((word) => word !== 'UNSPECIFIED');
    const fits =
      type === 'imgmgr.api.v1.Verb'
        ? wanted.length > 0 && wanted.every((word) => known.includes(word))
        : wanted.toSorted().join() === known.toSorted().join();
    return fits ? [] : [`${path} has other words: ${wanted.join()}`];
  }
  if (type === 'google.protobuf.Timestamp' || type === 'google.protobuf.Struct') return [];
  return MESSAGES.has(type) ? differences(one, type, `${path}.`) : [];
}

const V1 = 'imgmgr.api.v1.';

describe('the messages of gRPC', () => {
  it.each([
    ['ImageServiceListResponse', imagesAnswer],
    ['ImageServiceGetResponse', imageAnswer],
    ['PreparedPlan', planAnswer],
    ['StartedRun', startedAnswer],
    ['RunServiceGetResponse', runAnswer],
    ['RunServiceListResponse', runsAnswer],
    ['RunServiceCancelResponse', cancelAnswer],
    ['BuildServiceCancelResponse', cancelAnswer],
    ['RunServiceLogResponse', logAnswer],
    ['ManageFlags', verbs.manageFlags],
    ['BuildFlags', verbs.buildFlags],
    ['VerifyFlags', verbs.verifyFlags],
    ['HoldFlags', verbs.holdFlags],
    ['UnholdFlags', verbs.unholdFlags],
    ['RollbackFlags', verbs.rollbackFlags],
    ['ImageServiceListRequest', imagesQuery],
    ['RunServiceListRequest', runsQuery],
  ])('%s has the fields, lists and words of its form of JSON, and no others', (name, schema) => {
    expect(differences(schemaOf(schema), V1 + name, '').filter((one) => !one.includes('refresh'))).toEqual([]);
  });

  it.each([
    ['ImageServiceGetRequest', imageQuery, ['cloud', 'target']],
    ['RunServiceLogRequest', logQuery.omit({download: true}), ['id']],
  ])('%s has the query of its call, and the parts of its address', (name, schema, parts) => {
    const wanted = parts.map((part) => `${V1}${name}.${part} is not in the JSON`);
    expect(differences(schemaOf(schema), V1 + name, '')).toEqual(wanted);
  });

  it('differ from a form that they lack a field, list or word of', () => {
    const schema = schemaOf(runsAnswer);
    const run = {properties: {state: {enum: ['LOST']}, clouds: {type: 'string'}, other: {type: 'string'}}};
    const other = {...schema, properties: {...schema.properties, runs: {type: 'array', items: run}}};
    const found = differences(other, `${V1}RunServiceListResponse`, '');
    expect(found).toContain('runs[].other has no field in imgmgr.api.v1.Run');
    expect(found).toContain('runs[].state has other words: LOST');
    expect(found).toContain('runs[].clouds is no list in JSON');
  });

  it('know every verb', () => {
    const words = ENUMS.get(`${V1}Verb`)?.words.map((word) => word.toLowerCase());
    expect(words).toEqual(['unspecified', ...verbs.VERBS]);
  });
});
