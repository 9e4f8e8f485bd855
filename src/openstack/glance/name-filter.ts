/** Longest query that every server and proxy on the way takes; eventlet and uwsgi allow 8 KiB for the whole request line. */
const MAX_QUERY = 6000;

/**
 * Query values that find images by name: as few `in:"A","B"` lists as fit into a URL. A name with a quote or a backslash cannot
 * stand in a list and gets a plain query of its own (names are compared whole there).
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/common/utils.py (split_filter_value_for_quotes)
 */
export function nameFilters(names: readonly string[]): string[] {
  const filters: string[] = [];
  let list: string[] = [];
  for (const name of new Set(names)) {
    if (/["\\]/.test(name)) {
      filters.push(name);
      continue;
    }
    if (list.length > 0 && encodeURIComponent(inList([...list, name])).length > MAX_QUERY) {
      filters.push(inList(list));
      list = [];
    }
    list.push(name);
  }
  return list.length === 0 ? filters : [...filters, inList(list)];
}

function inList(names: readonly string[]): string {
  return `in:${names.map((name) => `"${name}"`).join(',')}`;
}
