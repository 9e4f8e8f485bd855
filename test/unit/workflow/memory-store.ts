import {createHash} from 'node:crypto';
import type {
  Account,
  ByteUpload,
  ImageQuota,
  ImageStore,
  ImportMethod,
  ImportState,
  StoredBytes,
  StoreOffer,
} from '../../../src/ports/image-store.ts';
import type {Image, ImagePatch, NewImage} from '../../../src/core/image/image.ts';
import {applyPatch} from '../../../src/core/image/patch.ts';
import {ImgmgrError} from '../../../src/errors.ts';
import type {Runtime} from '../../../src/workflow/types.ts';

/** Images of one project in memory; several stores may share them. Calls are written down. */
export class MemoryStore implements ImageStore {
  readonly cloud = 'memory';
  readonly calls: string[] = [];
  readonly images: Map<string, Image>;
  readonly #clock: VirtualClock;
  /** What the cloud offers, and what it can fetch; a URL that is not there is never fetched. */
  methods: readonly ImportMethod[] = ['web-download', 'glance-direct', 'upload'];
  readonly web = new Map<string, Buffer>();
  readonly #staged = new Map<string, Buffer>();
  /** Runs before each call; may throw or wait. */
  before: (call: string) => Promise<void> | void = () => undefined;

  constructor(clock: VirtualClock, images = new Map<string, Image>()) {
    this.#clock = clock;
    this.images = images;
  }

  account(): Promise<Account> {
    return Promise.resolve({projectId: 'p', projectName: 'p', userName: 'u', roles: ['admin']});
  }

  now(): Date {
    return this.#clock.date();
  }

  async listTagged(tag: string): Promise<readonly Image[]> {
    await this.#call('list');
    return [...this.images.values()].filter((image) => image.tags.includes(tag));
  }

  async listNamed(names: readonly string[]): Promise<readonly Image[]> {
    await this.#call('names');
    return [...this.images.values()].filter((image) => image.name !== null && names.includes(image.name));
  }

  async *listOffered(): AsyncGenerator<readonly Image[]> {
    await this.#call('offered');
    yield [...this.images.values()].filter(
      ({visibility, osHidden}) => ['public', 'community'].includes(visibility) && !osHidden,
    );
  }

  async get(id: string): Promise<Image | undefined> {
    await this.#call(`get ${id}`);
    return this.images.get(id);
  }

  async create(spec: NewImage): Promise<Image> {
    await this.#call('create');
    const id = spec.id ?? crypto.randomUUID();
    const created = this.#clock.date().toISOString().replace(/\.\d+/, '');
    const image: Image = {
      id,
      name: spec.name,
      status: 'queued',
      visibility: 'private',
      osHidden: spec.osHidden,
      protected: false,
      owner: 'p',
      tags: spec.tags,
      minDisk: spec.minDisk ?? 0,
      minRam: spec.minRam ?? 0,
      diskFormat: spec.diskFormat ?? null,
      containerFormat: null,
      size: null,
      virtualSize: null,
      osHashAlgo: null,
      osHashValue: null,
      createdAt: created,
      updatedAt: created,
      stores: [],
      properties: spec.properties,
    };
    this.images.set(id, image);
    return image;
  }

  async update(live: Image, patch: ImagePatch): Promise<Image> {
    await this.#call(`patch ${live.id}`);
    const image = this.images.get(live.id);
    if (!image) throw new ImgmgrError('NOT_FOUND', `no image ${live.id}`);
    const after = applyPatch(image, patch);
    this.images.set(live.id, after);
    return after;
  }

  async delete(id: string): Promise<void> {
    await this.#call(`delete ${id}`);
    this.images.delete(id);
  }

  async setActive(id: string, active: boolean): Promise<void> {
    await this.#call(`${active ? 'reactivate' : 'deactivate'} ${id}`);
    this.#change(id, {status: active ? 'active' : 'deactivated'});
  }

  offer(): Promise<StoreOffer> {
    return Promise.resolve({methods: this.methods, copyImage: true, stores: []});
  }

  quota(): Promise<ImageQuota> {
    return Promise.resolve({});
  }

  mayPublish(): Promise<boolean | undefined> {
    return Promise.resolve(undefined);
  }

  mayImport(): Promise<boolean> {
    return Promise.resolve(true);
  }

  async importFromUrl({id, url, stores}: {id: string; url: string; stores?: readonly string[]}): Promise<void> {
    await this.#call(`web-download ${id}`);
    const bytes = this.web.get(url);
    if (bytes) this.#fill(id, bytes, stores);
  }

  async stage(request: ByteUpload): Promise<void> {
    await this.#call(`stage ${request.id}`);
    this.#staged.set(request.id, await readAll(request));
  }

  async importStaged({id, stores}: {id: string; stores?: readonly string[]}): Promise<void> {
    await this.#call(`import ${id}`);
    this.#fill(id, this.#staged.get(id) ?? Buffer.alloc(0), stores);
  }

  async upload(request: ByteUpload & {readonly store?: string}): Promise<void> {
    await this.#call(`upload ${request.id}`);
    this.#fill(request.id, await readAll(request), request.store === undefined ? undefined : [request.store]);
  }

  /** Ids of images whose bytes are gone. */
  readonly lost = new Set<string>();

  hasBytes(id: string): Promise<boolean> {
    return Promise.resolve(this.images.has(id) && !this.lost.has(id));
  }

  download(): Promise<StoredBytes> {
    return Promise.reject(new ImgmgrError('UNSUPPORTED', 'nothing is kept in memory but its hash'));
  }

  async copyToStores({id, stores}: {id: string; stores: readonly string[]}): Promise<void> {
    await this.#call(`copy ${id} ${stores.join(',')}`);
    this.#change(id, {stores: [...this.#image(id).stores, ...stores]});
  }

  importState(id: string): Promise<ImportState> {
    const image = this.images.get(id);
    if (!image) return Promise.resolve({kind: 'gone'});
    return Promise.resolve({kind: image.status === 'active' ? 'done' : 'running', image});
  }

  share(id: string, projectId: string): Promise<void> {
    return this.#call(`share ${id} ${projectId}`);
  }

  accept(id: string): Promise<void> {
    return this.#call(`accept ${id}`);
  }

  unshare(id: string, projectId: string): Promise<void> {
    return this.#call(`unshare ${id} ${projectId}`);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  async #call(name: string): Promise<void> {
    this.calls.push(name);
    await this.before(name);
  }

  #fill(id: string, bytes: Buffer, stores: readonly string[] = ['default']): void {
    const osHashValue = createHash('sha512').update(bytes).digest('hex');
    this.#change(id, {status: 'active', size: bytes.length, osHashAlgo: 'sha512', osHashValue, stores});
  }

  #change(id: string, change: Partial<Image>): void {
    this.images.set(id, {...this.#image(id), ...change});
  }

  #image(id: string): Image {
    const image = this.images.get(id);
    if (!image) throw new ImgmgrError('NOT_FOUND', `no image ${id}`);
    return image;
  }
}

async function readAll({bytes}: ByteUpload): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of bytes) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** Time that moves only when everybody sleeps: the earliest sleeper wakes. */
export class VirtualClock {
  #nowMs = Date.parse('2026-03-01T00:00:00Z');
  readonly #sleepers: {readonly atMs: number; wake: () => void}[] = [];

  date(): Date {
    return new Date(this.#nowMs);
  }

  monotonic(): number {
    return this.#nowMs;
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const abort = (): void => {
        reject(new ImgmgrError('INTERRUPTED', 'interrupted'));
      };
      if (signal?.aborted === true) {
        abort();
        return;
      }
      signal?.addEventListener('abort', abort, {once: true});
      this.#sleepers.push({atMs: this.#nowMs + ms, wake: resolve});
    });
  }

  /** Lets time pass until the work is done; fails when nobody sleeps and it still is not. */
  async run<T>(work: Promise<T>): Promise<T> {
    const progress = {done: false};
    const ended = work.finally(() => {
      progress.done = true;
    });
    ended.catch(() => undefined);
    for (let n = 0; n < 100_000; n++) {
      for (let turn = 0; turn < 20; turn++) await Promise.resolve();
      await new Promise((resolve) => setImmediate(resolve));
      if (progress.done) return ended;
      const next = this.#sleepers.sort((a, b) => a.atMs - b.atMs).shift();
      if (!next) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.wake();
    }
    throw new Error('the work did not end');
  }
}

/** Runtime of one process on a host; `alive` tells which processes run. */
export function runtime(clock: VirtualClock, pid: number, alive: ReadonlySet<number>, bootId = 'boot-1'): Runtime {
  let made = 0;
  return {
    monotonic: () => clock.monotonic(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    uuid: () => `00000000-0000-4000-8000-${String(pid).padStart(6, '0')}${String(++made).padStart(6, '0')}`,
    host: {hostName: `host-${bootId}`, bootId, pid, startTime: '1'},
    runAlive: (holder) => alive.has(holder.pid),
  };
}
