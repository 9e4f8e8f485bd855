import {asRecord, Refusal} from './exchange.ts';
import type {FakeRequest, Reply} from './exchange.ts';
import {changeTag, deleteFromStore, deleteImage, setActive} from './glance/actions.ts';
import type {GlanceContext} from './glance/context.ts';
import {checkProperties, checkQuota, ownImage, usedOf, visibleImage} from './glance/context.ts';
import {importImage, listTasks} from './glance/imports.ts';
import {listImages} from './glance/listing.ts';
import {answerMembers} from './glance/members.ts';
import {applyPatch, parsePatch} from './glance/patch.ts';
import {newRecordFields} from './glance/schema.ts';
import {downloadFile, stageFile, uploadFile} from './glance/upload.ts';
import type {FakeAccount} from './keystone.ts';

export const PATCH_TYPE = 'application/openstack-images-v2.1-json-patch';

/** Glance's own stores, which a process that has staged something names in the header of a create call beside the real ones. */
const INNER_STORES = ['os_glance_staging_store', 'os_glance_tasks_store'];

/** Glance's image API v2: one request of a known caller → its answer; errors are thrown as {@link Refusal}. */
export async function answerGlance(context: GlanceContext, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  const [version, collection, id, what, last, ...more] = request.path.split('/').slice(1).map(decodeURIComponent);
  const {method} = request;
  if (version !== 'v2' || more.length > 0) throw notFound();
  if (collection === 'info') return info(context, caller, `${method} ${id ?? ''}`);
  if (collection === 'stores' && method === 'DELETE') return deleteFromStore(context, caller, id ?? '', what ?? '');
  if (collection !== 'images') throw notFound();
  if (id === undefined || id === '') return await collectionCall(context, request, caller);
  if (context.misbehaviours.take(request, ['imageDeletedUnderUs'])) context.table.remove(id, 'deleted under us');
  switch (`${method} ${what ?? ''}`) {
    case 'GET ':
      return {
        status: 200,
        text: context.table.text(visibleImage(context, id, caller)),
        contentType: 'application/json',
      };
    case 'PATCH ':
      return await patchImage(context, request, caller, id);
    case 'DELETE ':
      return deleteImage(context, request, caller, id);
    case 'PUT file':
      return await uploadFile(context, request, caller, id);
    case 'GET file':
      return downloadFile(context, caller, id, request.headers['range']);
    case 'PUT stage':
      return await stageFile(context, request, caller, id);
    case 'POST import':
      return await importImage(context, request, caller, id);
    case 'GET tasks':
      return listTasks(context, caller, id);
    case 'GET members':
    case 'POST members':
    case 'PUT members':
    case 'DELETE members':
      return await answerMembers(context, request, caller, {id, member: last});
    case 'PUT tags':
    case 'DELETE tags':
      return changeTag(context, request, caller, {id, tag: last ?? ''});
    case 'POST actions':
      if (last === 'deactivate' || last === 'reactivate') return setActive(context, caller, id, last);
      throw notFound();
    default:
      throw what === undefined ? new Refusal(405, 'Method Not Allowed') : notFound();
  }
}

/** The version document, which Glance gives without a token. */
export function glanceVersions(request: FakeRequest): Reply {
  const href = `http://${request.headers.host ?? 'localhost'}/image/v2/`;
  const version = (minor: number, status: string): unknown => ({
    id: `v2.${minor}`,
    status,
    links: [{rel: 'self', href}],
  });
  const versions = [
    version(15, 'CURRENT'),
    ...[13, 12, 11, 10, 9, 8, 7, 6].map((minor) => version(minor, 'SUPPORTED')),
  ];
  return {status: 300, json: {versions}};
}

async function collectionCall(context: GlanceContext, request: FakeRequest, caller: FakeAccount): Promise<Reply> {
  if (request.method === 'GET') return listImages(context.table, request.query, caller);
  if (request.method !== 'POST') throw new Refusal(405, 'Method Not Allowed');
  const given = await request.json();
  const body = asRecord(given);
  if (body === undefined) throw new Refusal(given === undefined ? 400 : 500, 'Body expected in request.');
  const fields = newRecordFields(body);
  const isAdmin = caller.roles.includes('admin');
  if (!isAdmin && fields.owner !== undefined && fields.owner !== caller.projectId) {
    throw new Refusal(403, `You are not permitted to create images owned by '${fields.owner ?? ''}'.`);
  }
  if (fields.visibility === 'public' && !isAdmin)
    throw new Refusal(403, 'You are not authorized to complete publicize_image action.');
  checkQuota(context, caller, 'images');
  checkProperties(context, fields.properties ?? {});
  if (fields.id !== undefined && context.table.isTaken(fields.id))
    throw new Refusal(409, `Image ID ${fields.id} already exists!`);
  const record = context.table.add({owner: caller.projectId, ...fields});
  const {importMethods, multiStore, stores} = context.options;
  const headers = {
    Location: `/v2/images/${record.id}`,
    ...(importMethods.length > 0 && {'OpenStack-image-import-methods': importMethods.join(',')}),
    ...(multiStore && {'OpenStack-image-store-ids': [...stores, ...INNER_STORES].join(',')}),
  };
  return {status: 201, headers, text: context.table.text(record), contentType: 'application/json'};
}

async function patchImage(
  context: GlanceContext,
  request: FakeRequest,
  caller: FakeAccount,
  id: string,
): Promise<Reply> {
  if (request.headers['content-type'] !== PATCH_TYPE) {
    throw new Refusal(415, 'The request media type is not supported.', {'Accept-Patch': PATCH_TYPE});
  }
  const changes = parsePatch(await request.json());
  visibleImage(context, id, caller);
  const record = changes.length > 0 ? ownImage(context, id, caller) : visibleImage(context, id, caller);
  if (changes.length > 0) {
    const edited = applyPatch(record, changes, caller);
    checkProperties(context, edited.properties);
    context.table.change(id, 'patch', (image) => Object.assign(image, edited));
  }
  return {status: 200, text: context.table.text(record), contentType: 'application/json'};
}

function info(context: GlanceContext, caller: FakeAccount, what: string): Reply {
  const {importMethods, multiStore, stores, quota} = context.options;
  if (what === 'GET import') {
    return {
      status: 200,
      json: {'import-methods': {description: 'Import methods available.', type: 'array', value: importMethods}},
    };
  }
  if (what === 'GET stores' && multiStore) {
    const list = stores.map((store, index) => ({id: store, ...(index === 0 && {default: 'true'})}));
    return {status: 200, json: {stores: list}};
  }
  if (what === 'GET usage') {
    const used = (kind: 'images' | 'mebibytes'): number => usedOf(context, caller.projectId, kind);
    const usage = {
      ...(quota?.mebibytes !== undefined && {image_size_total: {usage: used('mebibytes'), limit: quota.mebibytes}}),
      ...(quota?.images !== undefined && {image_count_total: {usage: used('images'), limit: quota.images}}),
    };
    return {status: 200, json: {usage}};
  }
  throw notFound();
}

function notFound(): Refusal {
  return new Refusal(404, 'The resource could not be found.');
}
