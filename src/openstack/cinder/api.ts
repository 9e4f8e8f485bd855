import {absentWhenUnknown} from '../answers.ts';
import {everyPage, nextOf} from '../paginate.ts';
import {parsed} from '../request.ts';
import type {ServiceClient} from '../request.ts';
import * as schema from './schema.ts';
import type {Snapshot, Volume} from './schema.ts';

/** A volume that is filled from an image or a snapshot; values of the metadata have at most 255 characters. */
export interface NewVolume {
  readonly name: string;
  readonly from: {readonly image: string; readonly sizeGib: number} | {readonly snapshot: string};
  readonly metadata: Readonly<Record<string, string>>;
}

const PAGE_SIZE = 1000;
/** The first microversion that can make a private image of a volume. */
const WITH_VISIBILITY = '3.1';

/** Cinder's calls, one method each (https://docs.openstack.org/api-ref/block-storage/v3/). */
export class CinderApi {
  readonly #client: ServiceClient;

  constructor(client: ServiceClient) {
    this.#client = client;
  }

  /** Returns the id once Cinder has accepted; the bytes follow. QUOTA comes as 413. */
  async create({name, from, metadata}: NewVolume): Promise<string> {
    const content = 'image' in from ? {size: from.sizeGib, imageRef: from.image} : {snapshot_id: from.snapshot};
    const json = {volume: {name, ...content, metadata}};
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

  /** A snapshot also of a volume that is in use; it is what a power cut would leave. Returns the id once Cinder has accepted. */
  async createSnapshot(of: Pick<NewVolume, 'name' | 'metadata'> & {readonly volume: string}): Promise<string> {
    const {name, volume, metadata} = of;
    const answer = await this.#client.call({
      method: 'POST',
      path: '/snapshots',
      json: {snapshot: {name, volume_id: volume, force: true, metadata}},
      expect: [202],
      response: 'json',
    });
    return parsed(schema.oneSnapshot, answer, 'POST').snapshot.id;
  }

  async snapshot(id: string): Promise<Snapshot | undefined> {
    return (await absentWhenUnknown(this.#client.read(schema.oneSnapshot, `/snapshots/${id}`)))?.snapshot;
  }

  /** The project's snapshots. */
  async snapshots(): Promise<readonly Snapshot[]> {
    return everyPage(async (marker) => {
      const query = new URLSearchParams({limit: String(PAGE_SIZE), ...(marker && {marker})});
      const page = await this.#client.read(schema.snapshotPage, `/snapshots/detail?${query.toString()}`);
      return {items: page.snapshots, ...nextOf(page.snapshots_links)};
    });
  }

  /** NOT_FOUND when it is gone already, CLOUD_REFUSED (400) as long as it is being made or a volume is made of it. */
  async deleteSnapshot(id: string): Promise<void> {
    await this.#client.call({method: 'DELETE', path: `/snapshots/${id}`, expect: [202], response: 'none'});
  }

  /**
   * Has Cinder make a private image of a volume that nobody uses; the answer is its id, the bytes follow. Neither tags nor properties can
   * be given, so the name is all that shows whose it is.
   * https://opendev.org/openstack/cinder/src/branch/stable/zed/cinder/api/contrib/volume_actions.py (_volume_upload_image)
   */
  async uploadToImage(id: string, {name, format}: {readonly name: string; readonly format: string}): Promise<string> {
    const upload = {image_name: name, disk_format: format, container_format: 'bare', force: false};
    const answer = await this.#client.call({
      method: 'POST',
      path: `/volumes/${id}/action`,
      json: {'os-volume_upload_image': {...upload, visibility: 'private', protected: false}},
      headers: {'OpenStack-API-Version': `volume ${WITH_VISIBILITY}`},
      expect: [202],
      response: 'json',
    });
    return parsed(schema.uploadedVolume, answer, 'POST')['os-volume_upload_image'].image_id;
  }
}
