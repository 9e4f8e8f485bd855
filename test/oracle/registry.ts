import {execa} from 'execa';
import {mkdir, readFile, writeFile} from 'node:fs/promises';
import {createHash} from 'node:crypto';
import {createServer} from 'node:net';
import type {AddressInfo} from 'node:net';
import {join} from 'node:path';
import {setTimeout as sleep} from 'node:timers/promises';

const PROGRAM = new URL('../../.cache/programs/docker-registry', import.meta.url).pathname;

/** The registry of the CNCF project Distribution, on a port of its own. */
export interface RealRegistry {
  readonly host: string;
  stop(): Promise<void>;
}

/** Starts it in that folder; `password`: of the user `me`, without which nobody may read. */
export async function startRegistry(folder: string, password?: string): Promise<RealRegistry> {
  const port = await freePort();
  const host = `127.0.0.1:${port}`;
  await mkdir(join(folder, 'registry'), {recursive: true});
  const users = join(folder, 'htpasswd');
  if (password !== undefined) await writeFile(users, `me:${await bcrypt(password)}\n`, {mode: 0o600});
  const configuration = {
    version: '0.1',
    log: {level: 'error', accesslog: {disabled: true}},
    storage: {filesystem: {rootdirectory: join(folder, 'registry')}},
    http: {addr: host},
    ...(password !== undefined && {auth: {htpasswd: {realm: 'test', path: users}}}),
  };
  // YAML takes JSON.
  await writeFile(join(folder, 'registry.yml'), JSON.stringify(configuration));
  const running = execa(PROGRAM, ['serve', join(folder, 'registry.yml')], {
    reject: false,
    env: {OTEL_TRACES_EXPORTER: 'none'},
  });
  await answers(running, host);
  return {
    host,
    stop: async () => {
      running.kill('SIGTERM', new Error('the test is over'));
      await running;
    },
  };
}

/** Pushes the image of a folder in the OCI layout, as skopeo does. */
export async function push(layout: string, to: string, ...flags: readonly string[]): Promise<void> {
  await execa('skopeo', [
    'copy',
    '--insecure-policy',
    '--dest-tls-verify=false',
    ...flags,
    `oci:${layout}`,
    `docker://${to}`,
  ]);
}

/** A container image in the OCI layout, of one layer for each folder, lowest first, made with tar; one image for each processor. */
export async function makeLayout(
  layout: string,
  images: readonly {readonly architecture: string; readonly layers: readonly string[]}[],
): Promise<void> {
  await mkdir(join(layout, 'blobs/sha256'), {recursive: true});
  await writeFile(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  const manifests = [];
  for (const {architecture, layers} of images) {
    const described = [];
    for (const folder of layers) {
      const {stdout} = await execa('tar', ['-C', folder, '-cf', '-', '.'], {encoding: 'buffer'});
      described.push(await blob(layout, Buffer.from(stdout), 'application/vnd.oci.image.layer.v1.tar'));
    }
    const config = {
      architecture,
      os: 'linux',
      config: {},
      rootfs: {type: 'layers', diff_ids: described.map(({digest}) => digest)},
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      config: await blob(layout, json(config), 'application/vnd.oci.image.config.v1+json'),
      layers: described,
    };
    const pushed = await blob(layout, json(manifest), manifest.mediaType);
    manifests.push({...pushed, platform: {architecture, os: 'linux'}});
  }
  const index = {schemaVersion: 2, mediaType: 'application/vnd.oci.image.index.v1+json', manifests};
  const all = images.length === 1 ? manifests : [await blob(layout, json(index), index.mediaType)];
  await writeFile(join(layout, 'index.json'), json({schemaVersion: 2, manifests: all}));
}

async function blob(
  layout: string,
  body: Buffer,
  mediaType: string,
): Promise<{readonly mediaType: string; readonly digest: string; readonly size: number}> {
  const hex = createHash('sha256').update(body).digest('hex');
  await writeFile(join(layout, 'blobs/sha256', hex), body);
  return {mediaType, digest: `sha256:${hex}`, size: body.length};
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

async function bcrypt(password: string): Promise<string> {
  const script =
    'import crypt, sys; print(crypt.crypt(sys.stdin.read(), crypt.mksalt(crypt.METHOD_BLOWFISH, rounds=16)))';
  const {stdout} = await execa('/usr/bin/python3', ['-W', 'ignore', '-c', script], {input: password});
  return stdout.replace(/^\$2b\$/, '$2y$');
}

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const {port} = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function answers(running: Promise<{readonly stderr: unknown}>, host: string): Promise<void> {
  let ended: string | undefined;
  void running.then(({stderr}) => (ended = String(stderr)));
  for (let tried = 0; tried < 300; tried += 1) {
    if (ended !== undefined) throw new Error(`the registry ended: ${ended}`);
    const status = await fetch(`http://${host}/v2/`).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200 || status === 401) return;
    await sleep(100);
  }
  throw new Error(`the registry at ${host} does not answer`);
}

/** The digest by which the registry knows a tag. */
export async function digestIn(folder: string, repository: string, tag: string): Promise<string> {
  const path = `registry/docker/registry/v2/repositories/${repository}/_manifests/tags/${tag}/current/link`;
  return readFile(join(folder, path), 'utf8');
}
