/** An image in a container registry. */
export interface OciReference {
  /** Where the registry answers: host, and port where one is named. */
  readonly registry: string;
  /** The name that logins are stored under: as written, `docker.io` for each of its names. */
  readonly name: string;
  readonly repository: string;
  /** Absent where only a digest is named. */
  readonly tag?: string;
  /** `sha256:…` or `sha512:…` of the manifest. */
  readonly digest?: string;
}

const LONGEST_NAME = 255;
const LARGEST_PORT = 65_535;
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?|\[[0-9a-f:.]+\])(?::\d{1,5})?$/i;
const COMPONENT_BEGIN = /^[a-z0-9]/;
const COMPONENT = /^[a-z0-9._-]+$/;
const SEPARATORS = /[._-]+/g;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;
const DOCKER_HUB: ReadonlySet<string> = new Set(['docker.io', 'index.docker.io', 'registry-1.docker.io']);

/** True for what is meant as an address in a container registry, be it well-formed or not. */
export function isOciUrl(url: string): boolean {
  return /^oci:/i.test(url);
}

/**
 * Reads `oci://registry/repository[:tag][@digest]`; undefined for anything else. Without tag and digest the tag is `latest`. Grammar:
 * https://github.com/distribution/reference/blob/main/reference.go
 */
export function parseOciReference(url: string): OciReference | undefined {
  if (!/^oci:\/\//i.test(url)) return undefined;
  const text = url.slice('oci://'.length);
  const slash = text.indexOf('/');
  const host = text.slice(0, slash);
  if (slash < 0 || !HOST.test(host) || Number(/:(\d+)$/.exec(host)?.[1] ?? 1) > LARGEST_PORT) return undefined;
  const [named = '', digest, ...more] = text.slice(slash + 1).split('@');
  if (more.length > 0 || (digest !== undefined && !DIGEST.test(digest))) return undefined;
  const [path = '', tag, ...rest] = named.split(':');
  if (rest.length > 0 || (tag !== undefined && !TAG.test(tag))) return undefined;
  if (path.length + host.length + 1 > LONGEST_NAME || !path.split('/').every(isComponent)) return undefined;
  const name = registryName(host);
  const isHub = name === 'docker.io';
  const known = tag ?? (digest === undefined ? 'latest' : undefined);
  return {
    registry: isHub ? 'registry-1.docker.io' : name,
    name,
    repository: isHub && !path.includes('/') ? `library/${path}` : path,
    ...(known !== undefined && {tag: known}),
    ...(digest !== undefined && {digest}),
  };
}

/** The name of a registry that logins are stored under: Docker Hub has several. */
export function registryName(host: string): string {
  const name = host.toLowerCase();
  return DOCKER_HUB.has(name) ? 'docker.io' : name;
}

/** The reference as `oci://…`, with the digest of the manifest that was read. */
export function formatOciReference({name, repository, tag}: OciReference, digest: string): string {
  return `oci://${name}/${repository}${tag === undefined ? '' : `:${tag}`}@${digest}`;
}

/** Lowercase letters and digits, between which one dot, one or two underscores, or any number of dashes may stand. */
function isComponent(text: string): boolean {
  if (!COMPONENT.test(text) || !COMPONENT_BEGIN.test(text) || !/[a-z0-9]$/.test(text)) return false;
  return (text.match(SEPARATORS) ?? []).every((separator) => /^(?:\.|__?|-+)$/.test(separator));
}

/** What the processor of an image is called in Glance's words, and in those of container registries (GOARCH). */
const ARCHITECTURES: Readonly<Record<string, string>> = {
  x86_64: 'amd64',
  aarch64: 'arm64',
  armv7l: 'arm',
  i686: '386',
  ppc64le: 'ppc64le',
  riscv64: 'riscv64',
  s390x: 's390x',
};

/** The registry's word for a processor; one that it has no other word for stays as it is. */
export function ociArchitecture(architecture: string): string {
  return ARCHITECTURES[architecture] ?? architecture;
}
