import type {ResolvedCloud} from '../core/resolved-cloud.ts';
import type {Exec} from '../exec.ts';
import type {HttpOptions} from '../http.ts';
import type {ImageConverter} from '../ports/image-converter.ts';
import type {CloudPorts} from '../workflow/types.ts';
import {readTlsFiles} from '../config/tls-files.ts';

/** What the adapters are constructed with besides the cloud. */
export interface CloudParts {
  readonly http: HttpOptions;
  /** Folder of the local cloud. */
  readonly localFolder: string;
  /** Files beside the local cloud's store that can be booted, by image id. */
  readonly files?: ReadonlyMap<string, string>;
  readonly exec: () => Promise<Exec>;
  /** Judges what the local cloud boots. */
  readonly images: ImageConverter;
}

/** Constructs the adapter of a resolved cloud; nothing is called yet. CONFIG when a TLS file cannot be read. */
export async function openCloud(cloud: ResolvedCloud, parts: CloudParts): Promise<CloudPorts> {
  if (cloud.kind === 'local') {
    const {createLocal} = await import('../local/local-cloud.ts');
    return createLocal({
      dir: parts.localFolder,
      exec: parts.exec,
      images: parts.images,
      ...(parts.files && {files: parts.files}),
    });
  }
  const [{createOpenStack}, {createHttp}] = await Promise.all([
    import('../openstack/create-openstack.ts'),
    import('../http.ts'),
  ]);
  const tls = await readTlsFiles(cloud.tls, cloud.name);
  return createOpenStack(cloud, {http: createHttp({...parts.http, tls})});
}
