import {createHash} from 'node:crypto';
import {ociArchitecture} from '../../../core/oci-reference.ts';
import type {ImageToWrite} from '../../../ports/image-target.ts';

/** The user as which KubeVirt runs QEMU. https://kubevirt.io/user-guide/storage/disks_and_volumes/#containerdisk */
const QEMU = 107;
const BLOCK = 512;
/** What the octal field of ustar can say; more is said by a header of pax. */
const LARGEST_OCTAL = 0o77777777777;

/** A blob of a container image, as manifests name it. */
export interface Described {
  readonly mediaType: string;
  readonly digest: string;
  readonly size: number;
}

export const LAYER_TYPE = 'application/vnd.oci.image.layer.v1.tar';
export const MANIFEST_TYPE = 'application/vnd.oci.image.manifest.v1+json';
const CONFIG_TYPE = 'application/vnd.oci.image.config.v1+json';

/** Bytes of the layer for a disk of this size. */
export function layerSize(size: number): number {
  return headerOf({name: '', size}).length + size + paddingOf(size).length;
}

/** The one layer: the folder `/disk` with one file, always the same bytes for the same disk. */
export async function* layerOf(
  {format, size}: {readonly format: string; readonly size: number},
  disk: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield headerOf({name: `disk/disk.${format === 'raw' ? 'img' : format}`, size});
  yield* disk;
  yield paddingOf(size);
}

/** The configuration and the manifest of an image with that layer; they depend on nothing but the image. */
export function describeImage(
  layer: Described,
  {architecture, createdAt}: Pick<ImageToWrite, 'architecture' | 'createdAt'>,
): {readonly config: Buffer; readonly manifest: Buffer; readonly configBlob: Described} {
  const config = json({
    created: createdAt,
    architecture: ociArchitecture(architecture),
    os: 'linux',
    config: {},
    rootfs: {type: 'layers', diff_ids: [layer.digest]},
    history: [{created: createdAt, created_by: 'imgmgr export'}],
  });
  const configBlob = {mediaType: CONFIG_TYPE, digest: sha256(config), size: config.length};
  return {
    config,
    configBlob,
    manifest: json({schemaVersion: 2, mediaType: MANIFEST_TYPE, config: configBlob, layers: [layer]}),
  };
}

/** `sha256:…` */
export function sha256(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function headerOf({name, size}: {readonly name: string; readonly size: number}): Buffer {
  const folder = member({name: 'disk/', type: '5', mode: 0o555, size: 0});
  const file = member({name, type: '0', mode: 0o444, size: size > LARGEST_OCTAL ? 0 : size});
  return Buffer.concat([folder, ...(size > LARGEST_OCTAL ? [paxSize(size)] : []), file]);
}

/** https://pubs.opengroup.org/onlinepubs/9799919799/utilities/pax.html#tag_20_94_13_03 */
function paxSize(size: number): Buffer {
  const rest = ` size=${size}\n`;
  const record = Buffer.alloc(BLOCK);
  // The length counts its own digits, of which there are two.
  const length = rest.length + 2;
  record.write(`${length}${rest}`, 'latin1');
  return Buffer.concat([member({name: 'PaxHeaders/disk', type: 'x', mode: 0o644, size: length}), record]);
}

function member(of: {
  readonly name: string;
  readonly type: string;
  readonly mode: number;
  readonly size: number;
}): Buffer {
  const header = Buffer.alloc(BLOCK);
  const octal = (value: number, digits: number): string => `${value.toString(8).padStart(digits, '0')}\0`;
  header.write(of.name, 0, 'latin1');
  header.write(octal(of.mode, 7), 100);
  header.write(octal(QEMU, 7), 108);
  header.write(octal(QEMU, 7), 116);
  header.write(octal(of.size, 11), 124);
  header.write(octal(0, 11), 136);
  header.write(' '.repeat(8), 148);
  header.write(of.type, 156);
  header.write('ustar\u000000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return header;
}

/** To the end of the last block, and the two blocks that end the file. */
function paddingOf(size: number): Buffer {
  return Buffer.alloc(((BLOCK - (size % BLOCK)) % BLOCK) + 2 * BLOCK);
}

function json(value: object): Buffer {
  return Buffer.from(JSON.stringify(value));
}
