import {answerCinder} from './cinder.ts';
import {runningClock} from './clock.ts';
import type {FakeClock} from './clock.ts';
import {createCompute} from './compute-state.ts';
import type {FakeCompute} from './compute-state.ts';
import {Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import {answerGlance, glanceVersions} from './glance.ts';
import {payloadOf} from './glance/bytes.ts';
import {dataFields} from './glance/context.ts';
import type {GlanceContext, GlanceOptions, ImportTask} from './glance/context.ts';
import {createImageTable} from './glance/image-table.ts';
import type {ImageRecord, ImageTable, ImageView} from './glance/image-table.ts';
import {account, createKeystone} from './keystone.ts';
import type {FakeAccount, FakeDomain, FakeEndpoint} from './keystone.ts';
import {closedPort, listen} from './listener.ts';
import {createMisbehaviours} from './misbehaviour.ts';
import type {MisbehaveOptions, Misbehaviour, MisbehaviourName} from './misbehaviour.ts';
import {answerNeutron} from './neutron.ts';
import {answerNova, novaVersions} from './nova.ts';
import type {FakeServer} from './nova.ts';
import {createFront} from './service-front.ts';
import type {LoggedRequest} from './incoming.ts';
import {watchTable} from './watch.ts';
import {cloudsYaml, environment} from './login-texts.ts';
import type {Role} from './login-texts.ts';
import type {Onlooker, Watch} from './watch.ts';
import {imagesOfObjects} from './object-images.ts';
import {createWriteGate} from './write-gate.ts';
import type {WriteHooks} from './write-gate.ts';

export interface FakeCloudOptions extends GlanceOptions {
  /** 0 (any free one) by default. */
  readonly port?: number;
  readonly region?: string;
  /** Regions with the same image service and a Nova of their own, which has the servers of that region. */
  readonly furtherRegions?: readonly string[];
  readonly clock?: FakeClock;
  /** How long tokens live; an hour by default. */
  readonly tokenSeconds?: number;
  /** False: the catalog names no image service. */
  readonly imageService?: boolean;
  /** False: the catalog names no compute service. */
  readonly computeService?: boolean;
  /** False: the catalog names no network service. */
  readonly networkService?: boolean;
  /** False: the catalog names no block storage. */
  readonly volumeService?: boolean;
  /** False: no `Date` header, as under uWSGI. */
  readonly dateHeader?: boolean;
  readonly servers?: readonly FakeServer[];
}

/** A cloud in this process that any process on this host can talk to. */
export interface FakeCloud {
  readonly url: string;
  readonly authUrl: string;
  readonly imageUrl: string;
  readonly accounts: Readonly<Record<Role, FakeAccount>>;
  readonly clock: FakeClock;
  readonly images: ImageTable;
  readonly tasks: readonly ImportTask[];
  readonly requests: readonly LoggedRequest[];
  /** Servers that Nova tells of; add to it at will. */
  readonly servers: FakeServer[];
  /** Domains that Keystone lists, with their projects; none at first. */
  readonly domains: FakeDomain[];
  /** Servers and what they need, and what becomes of them. */
  readonly compute: FakeCompute;
  /** The text of a clouds.yaml with the entries `admin`, `member` and `credential` (admin's application credential). */
  cloudsYaml(): string;
  /** OS_* variables that lead here. */
  environment(role?: Role): Readonly<Record<string, string>>;
  /** A valid token, without a login in the log. */
  token(role?: Role): string;
  /** Puts an image there as if it had always been: active with bytes unless the fields say otherwise. */
  seed(fields: Partial<ImageRecord>, bytes?: Uint8Array): ImageRecord;
  /** Takes the bytes of an image out of the store behind Glance, which does not notice; gives the way back. */
  loseBytes(id: string): () => void;
  /** Many active public images with tags and properties, fast. */
  seedImages(count: number, fields?: Partial<ImageRecord>): readonly ImageRecord[];
  /** All images as an admin's `GET` would show them, oldest first. */
  views(): readonly ImageView[];
  misbehave(name: MisbehaviourName, options?: MisbehaveOptions): Misbehaviour;
  behave(): void;
  /** Lets a test stand before, inside and behind every write; gives the way to stop. */
  interceptWrites(hooks: WriteHooks): () => void;
  /** No import goes on before the function given back is called. */
  holdImports(): () => void;
  watch(onlooker?: Onlooker): Watch;
  /** The writes so far, in order. */
  writes(): readonly LoggedRequest[];
  /** Forgets the log and counts writes from 1 again. */
  clearLog(): void;
  close(): Promise<void>;
}

const DEFAULT_STORES = ['file', 'fast'];
const DEFAULT_METHODS = ['glance-direct', 'web-download', 'copy-image'];
const KEEP_BYTES = 64 * 2 ** 20;

/** Starts a cloud: Keystone, Glance and a little of Nova, Neutron and Cinder behind one port, under `/identity`, `/image` … */
export async function startFakeCloud(options: FakeCloudOptions = {}): Promise<FakeCloud> {
  const base = options.clock ?? runningClock();
  const misbehaviours = createMisbehaviours();
  const clock: FakeClock = {
    ...base,
    now: () => new Date(base.now().getTime() + aheadMs(misbehaviours.active('serverClockAhead')?.options)),
  };
  const accounts = {
    admin: account('admin', 'fake-secret', ['admin', 'member', 'reader']),
    member: account('member', 'fake-secret', ['member', 'reader']),
  };
  const table = createImageTable(clock);
  const gate = createWriteGate();
  const closing = new AbortController();
  const deadPort = await closedPort();
  const [log, tasks, servers]: [LoggedRequest[], ImportTask[], FakeServer[]] = [[], [], [...(options.servers ?? [])]];
  const region = options.region ?? 'RegionOne';
  const fakeCompute = createCompute(servers, accounts.admin.projectId);

  const catalog = (): readonly FakeEndpoint[] => {
    const broken = misbehaviours.active('brokenEndpointInCatalog');
    const imageUrl =
      broken === undefined ? `${listener.url}/image` : (broken.options.url ?? 'http://%(public_host)s:9292');
    const compute =
      misbehaviours.active('unreachableCompute') === undefined ? listener.url : `http://127.0.0.1:${deadPort}`;
    return [
      {type: 'identity', name: 'keystone', region, url: `${listener.url}/identity/v3`},
      ...(options.imageService === false ? [] : [{type: 'image', name: 'glance', region, url: imageUrl}]),
      ...(options.computeService === false
        ? []
        : [{type: 'compute', name: 'nova', region, url: `${compute}/compute/v2.1`}]),
      ...(options.furtherRegions ?? []).flatMap((name) => [
        {type: 'image', name: 'glance', region: name, url: imageUrl},
        {type: 'compute', name: 'nova', region: name, url: `${compute}/compute/in-${name}/v2.1`},
      ]),
      ...(options.networkService === false
        ? []
        : [{type: 'network', name: 'neutron', region, url: `${listener.url}/network`}]),
      ...(options.volumeService === false
        ? []
        : [{type: 'volumev3', name: 'cinder', region, url: `${listener.url}/volume/v3`}]),
    ];
  };
  const domains: FakeDomain[] = [];
  const keystone = createKeystone({
    clock,
    domains,
    accounts: Object.values(accounts),
    tokenSeconds: options.tokenSeconds ?? 3600,
    catalog,
  });
  const held: {promise: Promise<unknown>} = {promise: Promise.resolve()};
  const context: GlanceContext = {
    options: {
      release: 'debian',
      stores: DEFAULT_STORES,
      multiStore: true,
      importMethods: DEFAULT_METHODS,
      importDelayMs: 5,
      keepBytes: KEEP_BYTES,
      ...options,
    },
    clock,
    table,
    tasks,
    payloads: new Map(),
    staged: new Map(),
    misbehaviours,
    revokeToken: keystone.revoke,
    closing: closing.signal,
    importsMayGoOn: () => held.promise,
  };

  const makeImage = imagesOfObjects(context);

  const route = async (request: FakeRequest): Promise<Reply> => {
    if (request.service === 'identity') return await keystone.answer(request);
    if (request.service === 'image' && /^\/?(?:versions\/?)?$/.test(request.path)) return glanceVersions(request);
    if (request.service === 'compute' && /^\/?(?:v2\.1\/?)?$/.test(request.path)) return novaVersions(request);
    const caller = keystone.accountOf(String(request.headers['x-auth-token']));
    if (caller === undefined)
      throw new Refusal(401, 'The request you have made requires authentication.', {
        'WWW-Authenticate': 'Keystone uri="/v3"',
      });
    if (request.service === 'network') return await answerNeutron(fakeCompute, request, caller);
    if (request.service === 'volume') return await answerCinder({compute: fakeCompute, makeImage}, request, caller);
    return request.service === 'image'
      ? await answerGlance(context, request, caller)
      : await answerNova({compute: fakeCompute, images: table, makeImage}, request, caller);
  };
  const front = createFront({
    clock,
    log,
    misbehaviours,
    gate,
    dateHeader: options.dateHeader ?? true,
    route,
    revokeToken: keystone.revoke,
  });
  const listener = await listen({handle: front, ...(options.port !== undefined && {port: options.port})});
  const authUrl = `${listener.url}/identity/v3`;

  const seed = (fields: Partial<ImageRecord>, bytes: Uint8Array = Buffer.from('seeded')): ImageRecord => {
    const wanted = {...SEEDED, owner: accounts.admin.projectId, ...fields};
    if (wanted.status !== 'active' && wanted.status !== 'deactivated') return table.add(wanted, 'seed');
    const payload = payloadOf(bytes);
    const stores = context.options.multiStore ? context.options.stores.slice(0, 1) : [];
    const record = table.add({stores, ...dataFields(wanted.disk_format, payload), ...wanted}, 'seed');
    context.payloads.set(record.id, payload);
    return record;
  };

  return {
    url: listener.url,
    authUrl,
    imageUrl: `${listener.url}/image`,
    accounts,
    clock,
    images: table,
    tasks,
    requests: log,
    domains,
    servers,
    compute: fakeCompute,
    cloudsYaml: () => cloudsYaml(authUrl, region, accounts),
    environment: (role = 'admin') => environment(authUrl, region, accounts[role]),
    token: (role = 'admin') => keystone.issue(accounts[role]),
    seed,
    loseBytes(id) {
      const lost = context.payloads.get(id);
      context.payloads.delete(id);
      return () => {
        if (lost) context.payloads.set(id, lost);
      };
    },
    seedImages: (count, fields = {}) =>
      Array.from({length: count}, (_, index) => {
        const record = seed({...seededFields(index), ...fields});
        table.text(record);
        return record;
      }),
    views: () => table.all().map((record) => table.view(record)),
    misbehave: (name, how = {}) => misbehaviours.start(name, how),
    behave: () => misbehaviours.stopAll(),
    interceptWrites: (hooks) => gate.intercept(hooks),
    holdImports: () => {
      const {promise, resolve} = Promise.withResolvers<undefined>();
      held.promise = promise;
      return () => resolve(undefined);
    },
    watch: (onlooker) => watchTable(table, clock.now, onlooker),
    writes: () => log.filter((entry) => entry.write !== undefined),
    clearLog: () => {
      log.length = 0;
      gate.restart();
    },
    close: async () => {
      closing.abort();
      await listener.close();
    },
  };
}

const SEEDED = {
  status: 'active',
  visibility: 'public',
  disk_format: 'qcow2',
  container_format: 'bare',
} as const satisfies Partial<ImageRecord>;

function seededFields(index: number): Partial<ImageRecord> {
  return {
    name: `Seeded ${index}`,
    tags: ['managed_by_imgmgr', 'os:debian'],
    properties: {
      architecture: 'x86_64',
      hypervisor_type: 'qemu',
      os_distro: 'debian',
      os_version: String(index),
      internal_version: String(index),
    },
  };
}

function aheadMs(options: MisbehaveOptions | undefined): number {
  return options === undefined ? 0 : (options.aheadMs ?? 3_600_000);
}
