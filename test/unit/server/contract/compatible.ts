/** A JSON schema as far as this interface uses it. */
export interface Schema {
  readonly type?: string | readonly string[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly additionalProperties?: Schema | boolean;
  readonly items?: Schema;
  readonly anyOf?: readonly Schema[];
  readonly oneOf?: readonly Schema[];
  readonly enum?: readonly unknown[];
  readonly const?: unknown;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
}

/** One call, as the OpenAPI document describes it. */
export interface RecordedCall {
  readonly method: string;
  readonly path: string;
  /** Whom it is open to. */
  readonly description: string;
  readonly parameters: readonly {
    readonly name: string;
    readonly in: string;
    readonly required: boolean;
    readonly schema: Schema;
  }[];
  readonly body: Schema | null;
  readonly status: string;
  readonly type: string;
  readonly answer: Schema;
}

/** The interface by the names of its calls; `error` is the answer of every call that fails. */
export interface Recorded {
  readonly calls: Readonly<Record<string, RecordedCall>>;
  readonly error: Schema;
}

/** What a client that was written for the recorded interface would stumble over in the present one; what was added is none of it. */
export function breaks(recorded: Recorded, present: Recorded): readonly string[] {
  const calls = Object.entries(recorded.calls).flatMap(([id, old]) => {
    const call = present.calls[id];
    return call ? callBreaks(old, call).map((text) => `${id}: ${text}`) : [`${id}: the call is gone`];
  });
  return [...calls, ...answerBreaks(recorded.error, present.error, 'the error')];
}

function callBreaks(old: RecordedCall, call: RecordedCall): readonly string[] {
  const fixed = (['method', 'path', 'description', 'status', 'type'] as const).filter((key) => old[key] !== call[key]);
  return [
    ...fixed.map((key) => `${key} was ${old[key]}, and is ${call[key]}`),
    ...parameterBreaks(old.parameters, call.parameters),
    ...bodyBreaks(old.body, call.body),
    ...answerBreaks(old.answer, call.answer, 'the answer'),
  ];
}

function parameterBreaks(old: RecordedCall['parameters'], now: RecordedCall['parameters']): readonly string[] {
  const find = (all: RecordedCall['parameters'], one: RecordedCall['parameters'][number]) =>
    all.find(({name, in: place}) => name === one.name && place === one.in);
  return [
    ...old.flatMap((one) => {
      const found = find(now, one);
      return found ? requestBreaks(one.schema, found.schema, one.name) : [`the parameter ${one.name} is gone`];
    }),
    ...now.filter((one) => one.required && find(old, one)?.required !== true).map(({name}) => `${name} is needed now`),
  ];
}

function bodyBreaks(old: Schema | null, now: Schema | null): readonly string[] {
  if (old && now) return requestBreaks(old, now, 'the body');
  return old || now ? ['the body is gone, or is needed now'] : [];
}

/** `type: [string, null]` is two alternatives, too. */
function alternativesOf(schema: Schema): readonly Schema[] | undefined {
  const {type, anyOf, oneOf} = schema;
  return Array.isArray(type) ? (type as readonly string[]).map((one) => ({...schema, type: one})) : (anyOf ?? oneOf);
}

const wordsOf = ({enum: words, const: word}: Schema): readonly unknown[] | undefined =>
  words ?? (word === undefined ? undefined : [word]);

/** What was accepted has to be accepted. */
function requestBreaks(old: Schema, now: Schema, at: string): readonly string[] {
  const [before, after] = [alternativesOf(old), alternativesOf(now)];
  if (before) return before.flatMap((one) => requestBreaks(one, now, at));
  if (after) {
    const each = after.map((one) => requestBreaks(old, one, at));
    return each.some((found) => found.length === 0) ? [] : closest(each);
  }
  if (now.type !== undefined && now.type !== old.type && !(old.type === 'integer' && now.type === 'number'))
    return [`${at} was ${String(old.type)}, and is ${String(now.type)}`];
  const words = wordsOf(now);
  const gone = words ? (wordsOf(old) ?? ['any']).filter((word) => !words.includes(word)) : [];
  return [
    ...gone.map((word) => `${at} does not take ${String(word)} any more`),
    ...tighter(old, now, at),
    ...fieldsOf(old).flatMap(([name, field]) => {
      const found = now.properties?.[name];
      if (found) return requestBreaks(field, found, `${at}.${name}`);
      return now.additionalProperties === false ? [`${at}.${name} is gone`] : [];
    }),
    ...(now.required ?? [])
      .filter((name) => !(old.required ?? []).includes(name))
      .map((name) => `${at}.${name} is needed now`),
    ...(old.items && now.items ? requestBreaks(old.items, now.items, `${at}[]`) : []),
  ];
}

function tighter(old: Schema, now: Schema, at: string): readonly string[] {
  const least = (['minimum', 'minLength', 'minItems'] as const).filter(
    (key) => (now[key] ?? -Infinity) > (old[key] ?? -Infinity),
  );
  const most = (['maximum', 'maxLength', 'maxItems'] as const).filter(
    (key) => (now[key] ?? Infinity) < (old[key] ?? Infinity),
  );
  const pattern = now.pattern !== undefined && now.pattern !== old.pattern ? ['pattern'] : [];
  return [...least, ...most, ...pattern].map((key) => `${at} takes less: ${key}`);
}

/** What was promised has to be given; words may be added to a closed list. */
function answerBreaks(old: Schema, now: Schema, at: string): readonly string[] {
  const [before, after] = [alternativesOf(old), alternativesOf(now)];
  if (after) return after.flatMap((one) => answerBreaks(old, one, at));
  if (before) {
    const each = before.map((one) => answerBreaks(one, now, at));
    return each.some((found) => found.length === 0) ? [] : closest(each);
  }
  if (old.type !== undefined && now.type !== old.type && !(old.type === 'number' && now.type === 'integer'))
    return [`${at} was ${String(old.type)}, and is ${String(now.type)}`];
  const [was, is] = [wordsOf(old), wordsOf(now)];
  const lost = is && was ? was.filter((word) => !is.includes(word)) : was && !is ? ['a closed list'] : [];
  return [
    ...lost.map((word) => `${at} has lost ${String(word)}`),
    ...fieldsOf(old).flatMap(([name, field]) => {
      const found = now.properties?.[name];
      return found ? answerBreaks(field, found, `${at}.${name}`) : [`${at}.${name} is gone`];
    }),
    ...(old.required ?? [])
      .filter((name) => now.properties?.[name] && !(now.required ?? []).includes(name))
      .map((name) => `${at}.${name} may be left out now`),
    ...(old.items ? answerBreaks(old.items, now.items ?? {}, `${at}[]`) : []),
    ...recordBreaks(old.additionalProperties, now.additionalProperties, at),
  ];
}

function recordBreaks(
  old: Schema['additionalProperties'],
  now: Schema['additionalProperties'],
  at: string,
): readonly string[] {
  if (typeof old !== 'object') return [];
  return answerBreaks(old, typeof now === 'object' ? now : {}, `${at}.*`);
}

function fieldsOf({properties = {}}: Schema): readonly [string, Schema][] {
  return Object.entries(properties);
}

/** Of several alternatives the one that fits best says what is wrong. */
function closest(each: readonly (readonly string[])[]): readonly string[] {
  return each.toSorted((a, b) => a.length - b.length)[0] ?? [];
}
