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
  let marker: string | undefined;
  for (;;) {
    const page = await fetchPage(marker);
    items.push(...page.items);
    const next = markerOf(page.next);
    // A server that repeats itself must not keep us for ever.
    if (next === undefined || next === marker) return items;
    marker = next;
  }
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
