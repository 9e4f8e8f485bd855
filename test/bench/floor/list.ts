// The floor of a run that has nothing to do: the login and the listings of shown and hidden images, page by page; with `--all` also those
// of public and community images.
import {RawApi} from '../raw-api.ts';
import {login} from './environment.ts';

interface Page {
  readonly images: readonly unknown[];
  readonly next?: string;
}

const api = await RawApi.logIn(login());
const counts = await Promise.all(
  [
    ...['&tag=managed_by_imgmgr', '&tag=managed_by_imgmgr&os_hidden=true'],
    ...(process.argv.includes('--all') ? ['&visibility=public', '&visibility=community'] : []),
  ].map(count),
);
process.stdout.write(`${counts.join(' ')}\n`);
process.exit(0);

async function count(filter: string): Promise<number> {
  let found = 0;
  let path: string | undefined = `/images?limit=1000${filter}`;
  while (path !== undefined) {
    const page: Page = await api.glance<Page>('GET', path);
    found += page.images.length;
    path = page.next?.replace(/^\/v2/, '');
  }
  return found;
}
