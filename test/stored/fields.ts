/** The names of all fields of a JSON value, those of inner objects as `outer.inner`; lists count as what they hold. */
function fieldsOf(value: unknown): string[] {
  if (Array.isArray(value)) return value.flatMap(fieldsOf);
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) => [key, ...fieldsOf(inner).map((name) => `${key}.${name}`)]);
}

/** The fields of each type of JSON line, sorted. */
export function fieldsOfTypes(lines: readonly Readonly<Record<string, unknown>>[]): Record<string, readonly string[]> {
  const types = new Map<string, Set<string>>();
  for (const line of lines) {
    const type = String(line['type']);
    types.set(type, new Set([...(types.get(type) ?? []), ...fieldsOf(line)]));
  }
  return Object.fromEntries([...types].sort().map(([type, fields]) => [type, [...fields].sort()]));
}
