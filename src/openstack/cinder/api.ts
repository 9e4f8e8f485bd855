import {absentWhenUnknown} from '../answers.ts';
import {everyPage, nextOf} from '../paginate.ts';
import {parsed} from '../request.ts';
import type {ServiceClient} from '../request.ts';
import * as schema from './schema.ts';
import type {Volume} from './schema.ts';

/** A volume that is filled from an image; values of the metadata have at most 255 characters. */
export interface NewVolume {
  readonly name: string;
  readonly image: string;
  readonly sizeGib: number;
  readonly metadata: Readonly<Record<string, string>>;
}

const PAGE_SIZE = 1000;

/** Cinder's calls, one method each (https://docs.openstack.org/api-ref/block-storage/v3/). */
export class CinderApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /** Returns the id once Cinder has accepted; the bytes follow. QUOTA comes as 413. */
  async create({name, image, sizeGib, metadata}: NewVolume): Promise<string> {
    const json = {volume: {name, size: sizeGib, imageRef: image, metadata}};
    const answer = await this.#client.call({
      method: 'POST',
      path: '/volumes',
      json,
      expect: [202],
      response: 'json',
    });
    return parsed(schema.oneVolume, answer, 'POST').volume.id;
  }

  async volume(id: string): Promise<Volume | undefined> {
    return (await absentWhenUnknown(this.#client.read(schema.oneVolume, `/volumes/${id}`)))?.volume;
  }

  /** The project's volumes; Cinder shows no others unless it is asked for all tenants. */
  async volumes(): Promise<readonly Volume[]> {
    return everyPage(async (marker) => {
      const query = new URLSearchParams({limit: String(PAGE_SIZE), ...(marker && {marker})});
      const page = await this.#client.read(schema.volumePage, `/volumes/detail?${query.toString()}`);
      return {items: page.volumes, ...nextOf(page.volumes_links)};
    });
  }

  /** NOT_FOUND when it is gone already, CLOUD_REFUSED (400) as long as it is attached or being made. */
  async delete(id: string): Promise<void> {
    await this.#client.call({method: 'DELETE', path: `/volumes/${id}`, expect: [202], response: 'none'});
  }
}
