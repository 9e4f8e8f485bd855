import {ConnectionLost, Refusal} from '../exchange.ts';
import type {FakeRequest, Reply} from '../exchange.ts';
import type {FakeAccount} from '../keystone.ts';
import {takeIn} from './bytes.ts';
import type {Payload} from './bytes.ts';
import {checkQuota, clearData, isRefusedFormat, ownImage, setData, visibleImage} from './context.ts';
import type {GlanceContext} from './context.ts';

/** `PUT /v2/images/{id}/file`: queued → saving → active; a connection that breaks puts it back to queued. */
export async function uploadFile(
  context: GlanceContext,
  request: FakeRequest,
  caller: FakeAccount,
  id: string,
): Promise<Reply> {
  checkContentType(request);
  checkQuota(context, caller, 'mebibytes');
  const store = chosenStore(context, request);
  const record = ownImage(context, id, caller);
  if (record.status !== 'queued')
    throw new Refusal(409, `Image status transition from ${record.status} to saving is not allowed`);
  const missing = ['disk_format', 'container_format'].filter((key) => record[key as 'disk_format'] === null);
  if (missing.length > 0) throw new Refusal(400, `Properties ${missing.join(', ')} must be set prior to saving data.`);
  context.table.change(id, 'saving', (image) => {
    image.status = 'saving';
  });
  const payload = await receive(context, request, id);
  if (context.misbehaviours.take(request, ['imageStuckInSaving'])) return {status: 204};
  if (context.table.find(id) === undefined) throw new Refusal(410, `Image ${id} could not be found after upload.`);
  if (isRefusedFormat(context, record, payload)) {
    // The store has the bytes already when their format is found out; the record keeps their hash and place, but not their size.
    context.table.change(id, 'upload refused', (image) => {
      setData(image, payload, context.options.multiStore ? [store] : []);
      Object.assign(image, {status: 'queued', size: null, virtual_size: null});
    });
    throw new Refusal(
      415,
      `Image disk_format ${record.disk_format ?? ''} does not match stream data ${payload.format}`,
    );
  }
  context.payloads.set(id, payload);
  context.table.change(id, 'uploaded', (image) => {
    setData(image, payload, context.options.multiStore ? [store] : []);
    image.status = 'active';
  });
  return {status: 204};
}

/** `PUT /v2/images/{id}/stage`: queued → uploading, the bytes wait for `glance-direct`. */
export async function stageFile(
  context: GlanceContext,
  request: FakeRequest,
  caller: FakeAccount,
  id: string,
): Promise<Reply> {
  checkContentType(request);
  const record = ownImage(context, id, caller);
  if (record.status !== 'queued')
    throw new Refusal(409, `Image status transition from ${record.status} to uploading is not allowed`);
  context.table.change(id, 'staging', (image) => {
    image.status = 'uploading';
  });
  const payload = await receive(context, request, id);
  const failure = context.misbehaviours.take(request, ['stagingFails']);
  if (failure !== undefined) {
    context.table.change(id, 'staging failed', clearData);
    throw new Refusal(failure.options.status ?? 503, 'Insufficient permissions on image storage media');
  }
  context.staged.set(id, payload);
  context.table.change(id, 'staged', (image) => {
    image.size = payload.size;
  });
  return {status: 204};
}

/** `GET /v2/images/{id}/file`: 204 when there are no bytes; of ranges, the first byte; 403 when deactivated and the caller is no admin. */
export function downloadFile(context: GlanceContext, caller: FakeAccount, id: string, range?: string): Reply {
  const record = visibleImage(context, id, caller);
  if (record.status === 'deactivated' && !caller.roles.includes('admin')) {
    throw new Refusal(403, 'The requested image has been deactivated. Image data download is forbidden.');
  }
  const payload = context.payloads.get(id);
  if (payload === undefined) return {status: 204};
  if (payload.chunks === undefined) throw new Refusal(500, 'the fake keeps no payload of this size; raise keepBytes');
  const first = payload.chunks[0]?.subarray(0, 1);
  if (range === 'bytes=0-0' && first && first.length === 1)
    return {
      status: 206,
      contentType: 'application/octet-stream',
      headers: {'Content-Range': `bytes 0-0/${payload.size}`, 'Content-Length': '1'},
      chunks: [first],
    };
  return {
    status: 200,
    contentType: 'application/octet-stream',
    headers: {'Content-MD5': payload.md5, 'Content-Length': String(payload.size)},
    chunks: payload.chunks,
  };
}

async function receive(context: GlanceContext, request: FakeRequest, id: string): Promise<Payload> {
  const expiry = context.misbehaviours.take(request, ['tokenExpiresMidUpload']);
  if (expiry !== undefined) context.revokeToken(String(request.headers['x-auth-token']));
  try {
    return await takeIn(request.body, context.options.keepBytes);
  } catch (error) {
    context.table.change(id, 'upload broke off', clearData);
    throw new ConnectionLost('the caller broke off', {cause: error});
  }
}

function checkContentType(request: FakeRequest): void {
  if (request.headers['content-type'] !== 'application/octet-stream') {
    throw new Refusal(415, 'The request media type is not supported.');
  }
}

function chosenStore(context: GlanceContext, request: FakeRequest): string {
  const asked = request.headers['x-image-meta-store'];
  const [first = 'file'] = context.options.stores;
  if (!context.options.multiStore || typeof asked !== 'string') return first;
  if (!context.options.stores.includes(asked)) throw new Refusal(400, `Unknown scheme '${asked}' found in URI`);
  return asked;
}
