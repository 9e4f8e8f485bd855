import {createHash} from 'node:crypto';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {Upstream} from '../../fakes/upstream.ts';
import type {RealImage} from './glance.ts';

/** A definition with one version. */
export interface Wanted {
  readonly name: string;
  readonly version: string;
  readonly algorithm?: 'sha256' | 'sha512';
  readonly validity?: string;
  readonly extra?: string;
  readonly meta?: Readonly<Record<string, string>>;
}

/** Bytes of their own for each name and version, served by the local source. */
function serve(upstream: Upstream, {name, version, algorithm}: Wanted): {url: string; checksum: string} {
  const bytes = Buffer.alloc(2_000_000, `${name} ${version} `);
  const path = `/${name.replaceAll(' ', '-')}-${version}.img`;
  upstream.put(path, bytes);
  const checksum =
    algorithm === undefined
      ? ''
      : `        checksum: ${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}\n`;
  return {url: `${upstream.url}${path}`, checksum};
}

/** Writes `DIR/images.yml` with these definitions, serves their bytes, and gives the file's path. */
export async function writeWanted(upstream: Upstream, dir: string, wanted: readonly Wanted[]): Promise<string> {
  const text = wanted.map((one) => {
    const {url, checksum} = serve(upstream, one);
    const meta = {
      architecture: 'x86_64',
      os_distro: 'debian',
      os_version: '12',
      os_purpose: 'generic',
      uuid_validity: one.validity ?? 'last-3',
      ...one.meta,
    };
    return [
      `  - name: ${one.name}`,
      '    format: raw\n    login: debian\n    min_disk: 1\n    min_ram: 64\n    status: active\n    visibility: public\n    multi: true',
      `    tags: [${one.name.replaceAll(' ', '-')}]`,
      ...(one.extra === undefined ? [] : [`    ${one.extra}`]),
      '    meta:',
      ...Object.entries(meta).map(([key, value]) => `      ${key}: '${value}'`),
      '    versions:',
      `      - version: '${one.version}'\n        url: ${url}\n${checksum}        build_date: 2026-01-02`,
    ].join('\n');
  });
  const path = join(dir, 'images.yml');
  await writeFile(path, `images:\n${text.join('\n')}\n`);
  return path;
}

/** `name | visibility | hidden | status if not active | os_purpose` of images, sorted. */
export function show(images: readonly RealImage[]): string[] {
  return images
    .map((image) =>
      [
        image.name,
        image.visibility,
        ...(image.os_hidden ? ['hidden'] : []),
        ...(image.status === 'active' ? [] : [image.status]),
        image['os_purpose'],
      ].join(' | '),
    )
    .sort();
}
