import {HttpError} from '../http.ts';

/** One page of a listing and where the next one starts. */
export interface Page<Item> {
  readonly items: readonly Item[];
  /** The `next` link: a path or a URL whose query has the marker; absent on the last page. */
  readonly next?: string;
}

/**
 * Every page of a listing, in order. Only the marker of `next` is used, because the link leaves out the endpoint's own path
 * (behind a proxy the service does not know it).
 */
export async function everyPage<Item>(fetchPage: (marker: string | undefined) => Promise<Page<Item>>): Promise<Item[]> {
  const items: Item[] = [];
  for await (const page of pageByPage(fetchPage)) items.push(...page);
  return items;
}

/** The same page by page; the next page is on its way while one is looked at. */
export async function* pageByPage<Item>(
  fetchPage: (marker: string | undefined) => Promise<Page<Item>>,
): AsyncGenerator<readonly Item[]> {
  let page = await fetchPage(undefined);
  const asked = new Set<string>();
  for (;;) {
    const next = markerOf(page.next);
    // A server that repeats itself, or goes round in a circle, must not keep us for ever.
    const isLast = next === undefined || asked.has(next);
    if (next !== undefined) asked.add(next);
    const coming = isLast ? undefined : fetchPage(next);
    // Its failure is that of the next step; where none is taken, nobody needs it.
    coming?.catch(() => undefined);
    yield page.items;
    if (!coming) return;
    page = await coming;
  }
}

/**
 * Asks for pages of `most` items, for smaller ones where an answer is refused as too large, and for larger ones again after that: one item
 * of somebody else must not make a listing impossible, or fill the memory.
 */
export function fittingPages(most: number): <T>(ask: (limit: number) => Promise<T>) => Promise<T> {
  let limit = most;
  return async (ask) => {
    for (;;)
      try {
        const page = await ask(limit);
        limit = Math.min(most, 2 * limit);
        return page;
      } catch (error) {
        const {cause} = error as {readonly cause?: unknown};
        if (limit === 1 || !(cause instanceof HttpError) || cause.kind !== 'too-large') throw error;
        limit = Math.max(1, Math.floor(limit / 10));
      }
  };
}

function markerOf(next: string | undefined): string | undefined {
  if (next === undefined) return undefined;
  return new URL(next, 'http://link/').searchParams.get('marker') ?? undefined;
}

/** The link to the next page among those of a page, as {@link everyPage} takes it. */
export function nextOf(links: readonly {readonly rel: string; readonly href: string}[]): {next?: string} {
  const next = links.find(({rel}) => rel === 'next')?.href;
  return next === undefined ? {} : {next};
}
