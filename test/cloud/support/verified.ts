import {createHash} from 'node:crypto';
import {createReadStream} from 'node:fs';
import {writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {RealImage} from './glance.ts';

/** A version whose bytes are a file of this host. */
export interface Listed {
  readonly version: string;
  readonly file: string;
}

/** Writes `DIR/images.yml` with one definition of small Debian guests, and gives its path. */
export async function writeDefinition(of: {
  readonly dir: string;
  readonly name: string;
  readonly listed: readonly Listed[];
  /** Lines of the definition, four blanks before each. */
  readonly extra?: string;
  readonly moreMeta?: string;
}): Promise<string> {
  const {dir, name, listed, extra = '', moreMeta = ''} = of;
  const versions = await Promise.all(
    listed.map(async ({version, file}) => {
      const hash = createHash('sha256');
      for await (const chunk of createReadStream(file)) hash.update(chunk as Buffer);
      return `      - version: '${version}'\n        url: file://${file}\n        checksum: sha256:${hash.digest('hex')}\n        build_date: 2026-01-02`;
    }),
  );
  const path = join(dir, 'images.yml');
  const head = `  - name: ${name}\n    format: qcow2\n    login: root\n    min_disk: 1\n    min_ram: 128\n    status: active\n    visibility: public\n    multi: true\n    tags: []\n`;
  const meta = `    meta: {architecture: x86_64, os_distro: debian, os_version: '12', os_purpose: generic, uuid_validity: last-2${moreMeta}}\n`;
  await writeFile(path, `images:\n${head}${extra}${meta}    versions:\n${versions.join('\n')}\n`);
  return path;
}

/** `name | visibility | hidden | state | verdict` of images, sorted. */
export function show(images: readonly RealImage[]): string[] {
  return images
    .map((image) =>
      [
        image.name,
        image.visibility,
        ...(image.os_hidden ? ['hidden'] : []),
        String(image['imgmgr_state']),
        verdictOf(image),
      ].join(' | '),
    )
    .sort();
}

/** From the record of a published image, or the property of one that is not published. */
function verdictOf(image: RealImage): string {
  const recorded = / verdict=(\S+)/.exec(String(image['imgmgr_record']))?.[1];
  return recorded ?? String(image['imgmgr_verdict']);
}
