import {z} from 'zod';

/** What a JSON Schema of a contract uses. */
export interface Schema {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly string[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly propertyNames?: Schema;
  readonly additionalProperties?: Schema | boolean;
  readonly minimum?: number;
}

/** The JSON Schema of what a contract says of its output. */
export function schemaOf(schema: z.ZodType): Schema {
  return z.toJSONSchema(schema, {unrepresentable: 'any'}) as Schema;
}

/** A value with every field set. */
export function sample(schema: z.ZodType): unknown {
  return valueOf(schemaOf(schema), '');
}

const ID = '7c4d7e0e-6a2b-4e1f-8f53-3d1f7a0d9b11';
const MOMENTS = /At$|^at$|^asOf$|^from$|^until$/;

function valueOf(schema: Schema, name: string): unknown {
  const alternatives = schema.anyOf ?? schema.oneOf;
  if (alternatives) return valueOf(alternatives.find(({type}) => type !== 'null') ?? {}, name);
  if (schema.const !== undefined) return schema.const;
  if (schema.enum) return schema.enum.at(-1);
  if (schema.properties)
    return Object.fromEntries(Object.entries(schema.properties).map(([key, one]) => [key, valueOf(one, key)]));
  if (schema.type === 'object') {
    const value = typeof schema.additionalProperties === 'object' ? schema.additionalProperties : {type: 'string'};
    return {[schema.propertyNames?.enum?.[0] ?? 'key']: valueOf(value, '')};
  }
  if (schema.type === 'array') return [valueOf(schema.items ?? {}, name)];
  if (schema.type === 'integer' || schema.type === 'number') return 7;
  if (schema.type === 'boolean') return true;
  if (schema.pattern !== undefined) return ID;
  return MOMENTS.test(name) ? '2026-11-27T09:00:00.250Z' : `some ${name}`;
}
