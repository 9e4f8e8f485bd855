/** JSON with the fields of each object in one order; text as every writer of JSON keeps it. `read`: what is written in place of a value. */
export function canonicalText(
  value: unknown,
  read: (value: unknown, key: string) => unknown = (inner) => inner,
): string {
  return JSON.stringify(value, (key, given: unknown) => {
    const inner = read(given, key);
    if (typeof inner === 'string') return inner.toWellFormed();
    if (typeof inner !== 'object' || inner === null || Array.isArray(inner)) return inner;
    return Object.fromEntries(Object.entries(inner).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
