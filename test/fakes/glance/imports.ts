import {randomUUID} from 'node:crypto';
import {asRecord, Refusal} from '../exchange.ts';
import type {FakeRequest, Reply} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import {checkQuota, importStage, ownImage, visibleImage} from './context.ts';
import type {GlanceContext, ImportTask} from './context.ts';
import {runImport} from './import-run.ts';
import type {ImageRecord} from './image-table.ts';

/** What an import was asked to do. */
export interface ImportOrder {
  readonly method: string;
  readonly uri: string | undefined;
  readonly stores: readonly string[];
  readonly allMustSucceed: boolean;
}

/**
 * `POST /v2/images/{id}/import`: all the refusals, then 202 and the rest in the background. The order of the checks is that
 * of `import_image` in https://github.com/openstack/glance/blob/master/glance/api/v2/images.py
 */
export async function importImage(
  context: GlanceContext,
  request: FakeRequest,
  caller: FakeAccount,
  id: string,
): Promise<Reply> {
  const body = asRecord(await request.json());
  const method = asRecord(body?.['method']);
  if (body === undefined || method === undefined) throw new Refusal(400, "Import request requires a 'method' field.");
  const name = method['name'];
  if (typeof name !== 'string') throw new Refusal(400, "Import request requires a 'name' field.");
  if (!context.options.importMethods.includes(name)) throw new Refusal(400, `Unknown import method name '${name}'.`);
  for (const flag of ['all_stores', 'all_stores_must_succeed']) {
    if (!['boolean', 'undefined'].includes(typeof body[flag]))
      throw new Refusal(400, `'${flag}' must be boolean value only`);
  }
  checkQuota(context, caller, 'mebibytes');
  const record = importable(context, caller, id, name);
  const stores = chosenStores({context, request, body, record, method: name});
  if (stores === 'nothing to do') return {status: 202};
  const uri = typeof method['uri'] === 'string' ? method['uri'] : undefined;
  if (name === 'web-download' && !passesFilter(context, uri)) {
    throw new Refusal(400, `URI for web-download does not pass filtering: ${String(uri)}`);
  }
  const task = newTask(context, {request, caller, id, body, stores});
  const allMustSucceed = body['all_stores_must_succeed'] !== false;
  const order: ImportOrder = {method: name, uri, stores, allMustSucceed};
  const misdeed = context.misbehaviours.take(request, IMPORT_MISDEEDS, JSON.stringify(body));
  context.table.change(id, 'import accepted', (image) => {
    image.properties = {...image.properties, os_glance_import_task: task.id};
  });
  void runLater(context, () => runImport({context, task, order, misdeed}));
  return {status: 202};
}

/** `GET /v2/images/{id}/tasks` */
export function listTasks(context: GlanceContext, caller: FakeAccount, id: string): Reply {
  visibleImage(context, id, caller);
  const tasks = context.tasks.filter((task) => task.image_id === id).map(describeTask);
  return {status: 200, json: {tasks}};
}

const IMPORT_MISDEEDS = [
  'imageStuckInQueued',
  'imageStuckInImporting',
  'importNeverEnds',
  'importFailsBackToQueued',
  'importTaskFails',
  'someStoresFail',
  'conversionPlugin',
] as const;

async function runLater(context: GlanceContext, run: () => Promise<void>): Promise<void> {
  try {
    await importStage(context);
    await run();
  } catch (error) {
    // A closing cloud stops its imports wherever they are; anything else is a mistake of the fake's.
    if (!context.closing.aborted) throw error;
  }
}

function importable(context: GlanceContext, caller: FakeAccount, id: string, method: string): ImageRecord {
  const record = visibleImage(context, id, caller);
  const {status} = record;
  const conflict = (message: string): Refusal => new Refusal(409, message);
  if (status === 'active' && method !== 'copy-image')
    throw conflict('Image with status active cannot be target for import');
  if (status !== 'active' && method === 'copy-image')
    throw conflict('Only images with status active can be targeted for copying');
  if (status !== 'queued' && method === 'web-download')
    throw conflict("Image needs to be in 'queued' state to use 'web-download' method");
  if (status !== 'uploading' && method === 'glance-direct')
    throw conflict("Image needs to be staged before 'glance-direct' method can be used");
  for (const key of ['container_format', 'disk_format'] as const) {
    if (record[key] === null) throw conflict(`'${key}' needs to be set before import`);
  }
  if (method === 'copy-image' && !caller.roles.includes('admin'))
    throw new Refusal(403, 'You are not authorized to complete copy_image action.');
  ownImage(context, id, caller);
  if ('os_glance_import_task' in record.properties) throw conflict('Image has active task');
  return record;
}

function chosenStores(ask: {
  context: GlanceContext;
  request: FakeRequest;
  body: Readonly<Record<string, unknown>>;
  record: ImageRecord;
  method: string;
}): readonly string[] | 'nothing to do' {
  const {options} = ask.context;
  if (!options.multiStore) return [];
  const copying = ask.method === 'copy-image';
  const {stores, all_stores: all} = ask.body;
  if (all === true) {
    if (stores !== undefined) throw new Refusal(400, "Both 'stores' and 'all_stores' cannot be set.");
    const wanted = options.stores.filter((store) => !copying || !ask.record.stores.includes(store));
    return wanted.length === 0 ? 'nothing to do' : wanted;
  }
  const header = ask.request.headers['x-image-meta-store'];
  const asked = Array.isArray(stores)
    ? stores.map(String)
    : [typeof header === 'string' ? header : (options.stores[0] ?? 'file')];
  const unknown = asked.find((store) => !options.stores.includes(store));
  if (unknown !== undefined) throw new Refusal(409, `Unknown scheme '${unknown}' found in URI`);
  const present = copying ? asked.find((store) => ask.record.stores.includes(store)) : undefined;
  if (present !== undefined) throw new Refusal(400, `Image is already present at store '${present}'`);
  return asked;
}

function passesFilter(context: GlanceContext, uri: string | undefined): boolean {
  if (uri === undefined || !URL.canParse(uri)) return false;
  const {protocol, port} = new URL(uri);
  if (protocol !== 'http:' && protocol !== 'https:') return false;
  const number = port === '' ? (protocol === 'http:' ? 80 : 443) : Number(port);
  return context.options.sourcePorts?.includes(number) ?? true;
}

function newTask(
  context: GlanceContext,
  ask: {request: FakeRequest; caller: FakeAccount; id: string; body: unknown; stores: readonly string[]},
): ImportTask {
  const now = context.clock.now();
  const task: ImportTask = {
    id: randomUUID(),
    image_id: ask.id,
    owner: ask.caller.projectId,
    user_id: ask.caller.userId,
    request_id: ask.request.requestId,
    input: {image_id: ask.id, import_req: ask.body, backend: ask.stores},
    created_at: now,
    updated_at: now,
    status: 'pending',
    message: '',
  };
  context.tasks.push(task);
  return task;
}

function describeTask(task: ImportTask): unknown {
  const ended = task.status === 'success' || task.status === 'failure';
  const time = (when: Date): string => `${when.toISOString().slice(0, 19)}.000000`;
  return {
    ...task,
    type: 'api_image_import',
    created_at: time(task.created_at),
    updated_at: time(task.updated_at),
    expires_at: ended ? time(new Date(task.updated_at.getTime() + 48 * 3_600_000)) : null,
    deleted_at: null,
    deleted: false,
    result: task.status === 'success' ? {image_id: task.image_id} : null,
  };
}
