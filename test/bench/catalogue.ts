import {cp, mkdir, readFile, readdir, rm, stat, writeFile} from 'node:fs/promises';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {createHash} from 'node:crypto';
import {loadDefinitions} from '../../src/config/definitions.ts';

/** A copy of the catalogue whose every URL leads to a server here, which answers with digests. */
export interface LocalCatalogue {
  readonly folder: string;
  readonly definitions: number;
  close(): void;
}

/** A digest list with every file name of the catalogue; an image is 64 KiB of nothing, behind a qcow2 header. */
export async function localCatalogue(from: string, to: string): Promise<LocalCatalogue> {
  const {definitions} = await loadDefinitions(from, {readFile, readdir, stat});
  const names = new Set<string>();
  const bare = new Set<string>();
  for (const {versions} of definitions)
    for (const {url, checksumUrl} of versions) {
      names.add(url.slice(url.lastIndexOf('/') + 1).replace(/[?#].*$/, ''));
      if (checksumUrl !== undefined) bare.add(pathOf(checksumUrl));
    }
  const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
  const list = [...names].map((name) => `${sha256(name)}  ${name}\n`).join('');
  const server = createServer((asked, answer) => {
    const path = asked.url ?? '';
    const name = path.slice(path.lastIndexOf('/') + 1);
    const headers = {'Last-Modified': 'Mon, 05 Jan 2026 12:00:00 GMT'};
    if (bare.has(path)) answer.writeHead(200, headers).end(`${sha256(name)}\n`);
    else if (names.has(name)) answer.writeHead(200, {...headers, 'Content-Length': IMAGE.length}).end(IMAGE);
    else answer.writeHead(200, headers).end(list);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  await rm(to, {recursive: true, force: true});
  await mkdir(to, {recursive: true});
  for (const file of (await readdir(from)).filter((name) => /\.ya?ml$/.test(name))) {
    await cp(`${from}/${file}`, `${to}/${file}`);
    const text = await readFile(`${to}/${file}`, 'utf8');
    await writeFile(`${to}/${file}`, text.replaceAll(/\bhttps?:\/\/(?=[\w.-]+\/)/g, `${origin}/`));
  }
  return {
    folder: to,
    definitions: definitions.length,
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/** `https://host/a/b` is served as `/host/a/b`. */
function pathOf(url: string): string {
  return `/${url.replace(/^https?:\/\//, '')}`;
}

const IMAGE = qcow2();

/** An empty 1 GiB disk; https://gitlab.com/qemu-project/qemu/-/blob/master/docs/interop/qcow2.rst */
function qcow2(): Buffer {
  const header = Buffer.alloc(65_536);
  header.write('QFI\xfb', 0, 'latin1');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(16, 20);
  header.writeBigUInt64BE(1n << 30n, 24);
  return header;
}
