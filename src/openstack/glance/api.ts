import {Readable} from 'node:stream';
import type {ImageMember} from '../../core/image/members.ts';
import type {StoredBytes} from '../../ports/image-store.ts';
import type {Image, NewImage, Visibility} from '../../core/image/image.ts';
import {ImgmgrError} from '../../errors.ts';
import {HttpError} from '../../http.ts';
import {absentWhenUnknown} from '../answers.ts';
import {refusal} from '../refusal.ts';
import {parsed, recoded} from '../request.ts';
import type {ServiceClient} from '../request.ts';
import type {Page} from '../paginate.ts';
import {everyPage, fittingPages, pageByPage} from '../paginate.ts';
import type {PatchOperation} from './patch.ts';
import {createBody, PATCH_TYPE} from './patch.ts';
import {image, imagePage, importInfo, members, storeInfo, tasks, usage} from './schema.ts';
import type {ImportTask} from './schema.ts';

/** What a create answer contains besides the image: method and store names, `[]` where it does not. */
export interface Created {
  readonly image: Image;
  readonly methods: readonly string[];
  readonly stores: readonly string[];
}

/** The body of `POST …/import`. */
export interface ImportRequest {
  readonly method: {readonly name: string; readonly uri?: string};
  readonly stores?: readonly string[];
  readonly all_stores_must_succeed?: boolean;
}

const PAGE_SIZE = 1000;
/** A thousand ordinary images take 2 MB; a single one may take half of what an answer may have at all. */
const PAGE_BYTES = 16 * 1024 * 1024;

/** `…/v2`, whatever version the catalog's URL ends with. */
export function glanceBase(endpoint: string): string {
  return `${endpoint.replace(/\/v\d+(\.\d+)?$/, '')}/v2`;
}

/** Glance's calls, one method each (https://docs.openstack.org/api-ref/image/v2/). */
export class GlanceApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /** Every page. Shown and hidden images come from separate listings: `os_hidden` is false where it is not asked for. */
  async list(filter: Readonly<Record<string, string>>): Promise<Image[]> {
    return everyPage(this.#pageOf(filter));
  }

  /** The same page by page. */
  listPages(filter: Readonly<Record<string, string>>): AsyncGenerator<readonly Image[]> {
    return pageByPage(this.#pageOf(filter));
  }

  #pageOf(filter: Readonly<Record<string, string>>): (marker: string | undefined) => Promise<Page<Image>> {
    const fitting = fittingPages(PAGE_SIZE);
    return async (marker) =>
      fitting(async (limit) => {
        const query = new URLSearchParams({
          limit: String(limit),
          ...filter,
          ...(marker === undefined ? {} : {marker}),
        });
        const path = `/images?${query.toString()}`;
        const most = limit > 1 ? {maxBytes: PAGE_BYTES} : {};
        const page = await recoded(this.#client.read(imagePage, path, most), {NOT_FOUND: noGlance});
        return {items: page.images, ...(page.next === undefined ? {} : {next: page.next})};
      });
  }

  /** The id of some image that we see; undefined where there is none. */
  async anyId(): Promise<string | undefined> {
    for (const filter of ['', '&os_hidden=true']) {
      const page = await this.#client.read(imagePage, `/images?limit=1${filter}`);
      const [found] = page.images;
      if (found) return found.id;
    }
    return undefined;
  }

  /** Asks for an image under an id that is taken: CONFLICT where we may make such images. */
  async probe({id, visibility}: {readonly id: string; readonly visibility: Visibility}): Promise<void> {
    const json = {id, visibility, name: 'imgmgr-probe'};
    await this.#client.call({method: 'POST', path: '/images', json, expect: [201], response: 'none'});
  }

  async get(id: string): Promise<Image | undefined> {
    return absentWhenUnknown(this.#client.read(image, `/images/${id}`));
  }

  async create(newImage: NewImage): Promise<Created> {
    const answer = await this.#client.call({
      method: 'POST',
      path: '/images',
      json: createBody(newImage),
      expect: [201],
      response: 'json',
    });
    return {
      image: parsed(image, answer, 'POST'),
      methods: headerList(answer.headers['openstack-image-import-methods']),
      stores: headerList(answer.headers['openstack-image-store-ids']),
    };
  }

  async patch(id: string, operations: readonly PatchOperation[]): Promise<Image> {
    const answer = await this.#client.call({
      method: 'PATCH',
      path: `/images/${id}`,
      json: operations,
      headers: {'Content-Type': PATCH_TYPE},
      expect: [200],
      response: 'json',
    });
    return parsed(image, answer, 'PATCH');
  }

  /** NOT_FOUND when it is gone already. A repeat after a lost answer does no harm. */
  async delete(id: string): Promise<void> {
    const path = `/images/${id}`;
    await this.#client.call({method: 'DELETE', path, expect: [204], response: 'none', retry: {attempts: 3}});
  }

  async action(id: string, action: 'deactivate' | 'reactivate'): Promise<void> {
    const path = `/images/${id}/actions/${action}`;
    await this.#client.call({method: 'POST', path, expect: [204], response: 'none'});
  }

  async import(id: string, request: ImportRequest): Promise<void> {
    const path = `/images/${id}/import`;
    await this.#client.call({method: 'POST', path, json: request, expect: [202], response: 'none'});
  }

  /**
   * The members of an image; FORBIDDEN when the image is not of visibility `shared`. Glance has no pages of them.
   * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/api/v2/image_members.py (index)
   */
  async members(id: string): Promise<readonly ImageMember[]> {
    return (await this.#client.read(members, `/images/${id}/members`)).members;
  }

  /** CONFLICT when the project is a member already, FORBIDDEN when the image is not of visibility `shared`. */
  async addMember(id: string, projectId: string): Promise<void> {
    const path = `/images/${id}/members`;
    await this.#client.call({method: 'POST', path, json: {member: projectId}, expect: [200], response: 'none'});
  }

  async acceptMembership(id: string, projectId: string): Promise<void> {
    const path = `/images/${id}/members/${projectId}`;
    await this.#client.call({method: 'PUT', path, json: {status: 'accepted'}, expect: [200], response: 'none'});
  }

  /** NOT_FOUND when image or member are gone already. A repeat after a lost answer does no harm. */
  async removeMember(id: string, projectId: string): Promise<void> {
    const path = `/images/${id}/members/${projectId}`;
    await this.#client.call({method: 'DELETE', path, expect: [204], response: 'none', retry: {attempts: 3}});
  }

  /** `file`: straight into the image; `stage`: into the staging area. Chunked where the size is not known. */
  async send(to: 'file' | 'stage', upload: Upload): Promise<void> {
    await this.#client.call({
      method: 'PUT',
      path: `/images/${upload.id}/${to}`,
      body: upload.bytes,
      expect: [204],
      response: 'none',
      headers: {
        'Content-Type': 'application/octet-stream',
        ...(upload.store === undefined ? {} : {'X-Image-Meta-Store': upload.store}),
      },
      ...(upload.size === undefined ? {} : {size: upload.size}),
      ...(upload.signal === undefined ? {} : {signal: upload.signal}),
    });
  }

  /**
   * The image's bytes as they are stored. NOT_FOUND where there are none (204), FORBIDDEN while it is deactivated.
   * https://docs.openstack.org/api-ref/image/v2/#download-binary-image-data
   */
  async download(id: string, signal?: AbortSignal): Promise<StoredBytes> {
    const answer = await this.#client.call({
      method: 'GET',
      path: `/images/${id}/file`,
      expect: [200, 204],
      response: 'stream',
      ...(signal !== undefined && {signal}),
    });
    if (answer.status === 204) {
      answer.body.destroy();
      throw new ImgmgrError('NOT_FOUND', `image ${id} has no bytes`, {place: `GET /v2/images/${id}/file`});
    }
    const size = Number(answer.headers['content-length'] ?? NaN);
    const {body} = answer;
    const bytes = Readable.from(imageBytes(body), {objectMode: false});
    // Whoever leaves before the first byte has not begun to read the body, which would wait for ever and break with nobody listening.
    body.on('error', () => undefined);
    bytes.once('close', () => body.destroy());
    return {
      bytes,
      ...(Number.isSafeInteger(size) && {size}),
    };
  }

  /**
   * Asks for the first byte alone. A Glance whose store has lost the bytes answers 204 (tried on both), one that knows no ranges sends all of them:
   * the connection is closed at the first. 416: there is not even a first one.
   */
  async hasBytes(id: string, signal?: AbortSignal): Promise<boolean> {
    const answer = await absentWhenUnknown(
      this.#client.call({
        method: 'GET',
        path: `/images/${id}/file`,
        headers: {Range: 'bytes=0-0'},
        expect: [200, 204, 206, 416],
        response: 'stream',
        ...(signal !== undefined && {signal}),
      }),
    );
    if (!answer) return false;
    try {
      if (answer.status !== 200 && answer.status !== 206) return false;
      return await hasOne(imageBytes(answer.body));
    } finally {
      answer.body.destroy();
    }
  }

  /** The image's import tasks; undefined where the image is gone or this Glance does not list them (before API v2.12). */
  async tasks(id: string): Promise<readonly ImportTask[] | undefined> {
    return (await absentWhenUnknown(this.#client.read(tasks, `/images/${id}/tasks`)))?.tasks;
  }

  /** Names of the import methods; none where the cloud has no import API. */
  async importMethods(): Promise<readonly string[]> {
    const answer = await absentWhenUnknown(this.#client.read(importInfo, '/info/import'));
    return answer?.['import-methods'].value ?? [];
  }

  /** The stores; none where only one store is set up (404). */
  async stores(): Promise<readonly {readonly id: string; readonly isDefault: boolean}[]> {
    const answer = await absentWhenUnknown(this.#client.read(storeInfo, '/info/stores'));
    return (answer?.stores ?? []).map((store) => ({id: store.id, isDefault: String(store.default) === 'true'}));
  }

  /** The quota of images and of their MiB; undefined where the cloud does not say. */
  async usage(): Promise<(typeof usage)['_output']['usage'] | undefined> {
    return (await absentWhenUnknown(this.#client.read(usage, '/info/usage')))?.usage;
  }
}

/** Bytes on their way; see `ByteUpload` of the port. */
export interface Upload {
  readonly id: string;
  readonly bytes: Readable;
  readonly size?: number;
  readonly store?: string;
  readonly signal?: AbortSignal;
}

// Every Glance has a listing, so whatever says 404 to it is none.
function noGlance(error: ImgmgrError): ImgmgrError {
  return new ImgmgrError('PROTOCOL', `there is no Glance v2 at the image endpoint: ${error.message}`, {
    ...(error.place === undefined ? {} : {place: error.place}),
    hint: 'have the catalog corrected, or set image_endpoint_override in clouds.yaml',
    cause: error.cause,
  });
}

function headerList(header: string | undefined): string[] {
  return (header ?? '')
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '');
}

async function hasOne(bytes: AsyncIterable<Buffer>): Promise<boolean> {
  for await (const chunk of bytes) if (chunk.length > 0) return true;
  return false;
}

/** The bytes; what breaks them off is reported as any other refusal. */
async function* imageBytes(body: Readable): AsyncGenerator<Buffer> {
  try {
    for await (const chunk of body) yield chunk as Buffer;
  } catch (error) {
    throw error instanceof HttpError ? refusal(error) : error;
  }
}
