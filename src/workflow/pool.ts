/** Works through the items, at most `width` at a time; the first thing thrown is thrown after the others have ended. */
export async function pool<T>(width: number, items: readonly T[], work: (item: T) => Promise<void>): Promise<void> {
  const waiting = [...items];
  const failures: unknown[] = [];
  const worker = async (): Promise<void> => {
    for (let item = waiting.shift(); item !== undefined; item = waiting.shift()) {
      try {
        await work(item);
      } catch (error) {
        failures.push(error);
        waiting.length = 0;
      }
    }
  };
  await Promise.all(Array.from({length: Math.max(1, width)}, worker));
  if (failures.length > 0) throw failures[0];
}
