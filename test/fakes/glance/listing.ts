import type {Reply} from '../exchange.ts';
import {Refusal} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import type {ImageRecord, ImageTable, Membership} from './image-table.ts';

const SORT_KEYS = [
  'name',
  'status',
  'container_format',
  'disk_format',
  'size',
  'id',
  'created_at',
  'updated_at',
] as const;
const VISIBILITIES = ['community', 'public', 'private', 'shared', 'all'];
const MEMBER_STATES = ['pending', 'accepted', 'rejected', 'all'];
const DEFAULT_LIMIT = 25;
const MAX_LIMIT = 1000;

type SortKey = (typeof SORT_KEYS)[number];
type Filter = (record: ImageRecord) => boolean;
interface Order {
  readonly key: SortKey;
  readonly descending: boolean;
}

/** What `GET /v2/images` answers; the query's words are those of https://docs.openstack.org/api-ref/image/v2/#list-images */
export function listImages(table: ImageTable, query: URLSearchParams, caller: FakeAccount): Reply {
  const limit = readLimit(query.get('limit'));
  const orders = readOrders(query);
  const filters = [...readFilters(query), listedFor(caller, query)];
  const found = table.all().filter((record) => filters.every((filter) => filter(record)));
  const sorted = found.toSorted((a, b) => compare(a, b, orders));
  const start = afterMarker({sorted, table, orders, caller, marker: query.get('marker')});
  const page = sorted.slice(start, start + limit);
  return {status: 200, text: pageText(table, page, query, limit), contentType: 'application/json'};
}

/** Joined from kept texts: a page of a thousand images costs no fresh serialising. */
function pageText(table: ImageTable, page: readonly ImageRecord[], query: URLSearchParams, limit: number): string {
  const last = page.at(-1);
  // Glance turns the query into a dict on its way into the links, so of a repeated parameter only the last one stays.
  const kept = new URLSearchParams(Object.fromEntries([...query].filter(([key]) => key !== 'marker')));
  const first = kept.size > 0 ? `/v2/images?${kept.toString()}` : '/v2/images';
  const links: Record<string, string> = {first, schema: '/v2/schemas/images'};
  if (last !== undefined && page.length === limit) {
    kept.set('marker', last.id);
    links['next'] = `/v2/images?${kept.toString()}`;
  }
  return `{"images": [${page.map((record) => table.text(record)).join(', ')}], ${JSON.stringify(links).slice(1)}`;
}

function readLimit(given: string | null): number {
  if (given === null) return DEFAULT_LIMIT;
  if (!/^-?\d+$/.test(given)) throw new Refusal(400, 'limit param must be an integer');
  const limit = Number(given);
  if (limit < 0) throw new Refusal(400, 'limit param must be positive');
  return Math.min(limit, MAX_LIMIT);
}

function readOrders(query: URLSearchParams): readonly Order[] {
  const sort = query.get('sort');
  const pairs = sort === null ? classicPairs(query) : sort.split(',').map((part) => part.split(':'));
  const orders = (pairs.length > 0 ? pairs : [['created_at']]).map(([key, direction]) =>
    readOrder(key ?? '', direction ?? 'desc'),
  );
  const onward = pairs.length === 1 ? (orders[0]?.descending ?? true) : true;
  const rest = (['created_at', 'id'] as const).filter((key) => !orders.some((order) => order.key === key));
  return [...orders, ...rest.map((key) => ({key, descending: onward}))];
}

function classicPairs(query: URLSearchParams): string[][] {
  const directions = query.getAll('sort_dir');
  const keys = query.getAll('sort_key');
  const first = directions[0] ?? 'desc';
  return (keys.length > 0 ? keys : ['created_at']).map((key, index) => [key, directions[index] ?? first]);
}

function readOrder(key: string, direction: string): Order {
  const known = SORT_KEYS.find((name) => name === key.trim());
  if (known === undefined)
    throw new Refusal(400, `Invalid sort key: ${key}. It must be one of the following: ${SORT_KEYS.join(', ')}.`);
  if (direction !== 'asc' && direction !== 'desc') throw new Refusal(400, `Invalid sort direction: ${direction}`);
  return {key: known, descending: direction === 'desc'};
}

function compare(a: ImageRecord, b: ImageRecord, orders: readonly Order[]): number {
  for (const {key, descending} of orders) {
    const [left, right] = [sortable(a[key]), sortable(b[key])];
    if (left === right) continue;
    return left < right === descending ? 1 : -1;
  }
  return 0;
}

function sortable(value: string | number | Date | null): string | number {
  if (value === null) return '';
  return value instanceof Date ? value.getTime() : value;
}

function afterMarker(ask: {
  sorted: readonly ImageRecord[];
  table: ImageTable;
  orders: readonly Order[];
  caller: FakeAccount;
  marker: string | null;
}): number {
  if (ask.marker === null) return 0;
  const marked = ask.table.find(ask.marker);
  if (marked === undefined) throw new Refusal(400, `No image found with ID ${ask.marker}`);
  const index = ask.sorted.findIndex((record) => compare(record, marked, ask.orders) > 0);
  return index === -1 ? ask.sorted.length : index;
}

/** Without a visibility filter, other projects' community images stay out; private ones only an admin sees. */
function listedFor(caller: FakeAccount, query: URLSearchParams): Filter {
  const visibility = query.get('visibility');
  const memberState = query.get('member_status') ?? 'accepted';
  const isAdmin = caller.roles.includes('admin');
  return (record) => {
    const own = record.owner === caller.projectId;
    const seen =
      isAdmin ||
      own ||
      ['public', 'community'].includes(record.visibility) ||
      (record.visibility === 'shared' && isMember(record.members[caller.projectId], memberState));
    if (!seen) return false;
    if (visibility === null) return own || record.visibility !== 'community';
    return visibility === 'all' || record.visibility === visibility;
  };
}

function isMember(state: Membership | undefined, wanted: string): boolean {
  return state !== undefined && (wanted === 'all' || state === wanted);
}

function readFilters(query: URLSearchParams): readonly Filter[] {
  const visibility = query.get('visibility');
  if (visibility !== null && !VISIBILITIES.includes(visibility))
    throw new Refusal(400, `Invalid visibility value: ${visibility}`);
  const member = query.get('member_status');
  if (member !== null && !MEMBER_STATES.includes(member)) throw new Refusal(400, `Invalid status: ${member}`);
  const hidden = readFlag('os_hidden', query.get('os_hidden') ?? 'false');
  const tags = query.getAll('tag').map((tag) => tag.trim());
  const rest = [...query].filter(([key]) => !CONTROL.includes(key)).map(([key, value]) => readFilter(key, value));
  return [(record) => record.os_hidden === hidden, (record) => tags.every((tag) => record.tags.includes(tag)), ...rest];
}

const CONTROL = ['limit', 'marker', 'sort', 'sort_key', 'sort_dir', 'visibility', 'member_status', 'os_hidden', 'tag'];

function readFilter(key: string, value: string): Filter {
  if (key === 'protected') {
    const wanted = readFlag(key, value);
    return (record) => record.protected === wanted;
  }
  if (key === 'size_min') return (record) => (record.size ?? -1) >= Number(value);
  if (key === 'size_max') return (record) => record.size !== null && record.size <= Number(value);
  const attribute = ATTRIBUTES.find((name) => name === key);
  if (attribute === undefined) return (record) => record.properties[key] === value;
  if (!value.startsWith('in:')) return (record) => String(record[attribute]) === value.replace(/^eq:/, '');
  const words = splitQuoted(value.slice(3));
  return (record) => words.includes(String(record[attribute]));
}

const ATTRIBUTES = [
  'id',
  'name',
  'status',
  'owner',
  'disk_format',
  'container_format',
  'checksum',
  'os_hash_value',
  'min_disk',
  'min_ram',
  'size',
] as const;

function readFlag(name: string, value: string): boolean {
  const word = value.toLowerCase();
  if (word !== 'true' && word !== 'false') {
    throw new Refusal(400, `Invalid value '${value}' for '${name}' filter. Valid values are 'true' or 'false'.`);
  }
  return word === 'true';
}

/** `a,"b,c"`, where an opening quote needs its end: `split_filter_value_for_quotes` in Glance's common/utils.py. */
function splitQuoted(text: string): readonly string[] {
  if (!/^(?:"[^"]*"|[^",]*)(?:,(?:"[^"]*"|[^",]*))*$/.test(text)) {
    throw new Refusal(400, `Invalid filter value ${text}. The quote is not closed.`);
  }
  return [...text.matchAll(/"([^"]*)"|([^",]+)/g)].map((match) => match[1] ?? match[2] ?? '');
}
