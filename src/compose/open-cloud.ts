import type {
  DomainRef,
  OpenStackCloud as Resolved,
  ProjectRef,
  ResolvedCloud,
  Scope,
  UserRef,
} from '../core/resolved-cloud.ts';
import {ImgmgrError} from '../errors.ts';
import type {Exec} from '../exec.ts';
import {createHttp} from '../http.ts';
import type {HttpOptions} from '../http.ts';
import type {
  Auth,
  Domain,
  Named,
  OpenStackCloud,
  Scope as AuthScope,
  ServiceChoice,
} from '../openstack/create-openstack.ts';
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
  const {createOpenStack} = await import('../openstack/create-openstack.ts');
  const tls = await readTlsFiles(cloud.tls, cloud.name);
  return createOpenStack(describe(cloud), {http: createHttp({...parts.http, tls})});
}

const SERVICES = ['image', 'compute', 'network', 'block-storage'] as const;

function describe(cloud: Resolved): OpenStackCloud {
  return {
    name: cloud.name,
    auth: authOf(cloud),
    interface: cloud.interface,
    endpointOverrides: cloud.endpointOverrides,
    services: Object.fromEntries(SERVICES.map((service) => [service, choiceFor(cloud, service)])),
    ...(cloud.region !== undefined && {region: cloud.region}),
    ...(cloud.otherRegions && {otherRegions: cloud.otherRegions}),
  };
}

function choiceFor(cloud: Resolved, service: (typeof SERVICES)[number]): ServiceChoice {
  const region = cloud.serviceRegions[service];
  const type = cloud.catalogTypes[service];
  const serviceName = cloud.catalogNames[service];
  return {
    interfaces: cloud.serviceInterfaces[service] ?? cloud.interfaces,
    ...(region !== undefined && {region}),
    ...(type !== undefined && {type}),
    ...(serviceName !== undefined && {serviceName}),
  };
}

function authOf({auth, name}: Resolved): Auth {
  if (auth.type === 'password')
    return {
      type: 'password',
      authUrl: auth.authUrl,
      user: userOf(auth.user),
      password: auth.password,
      scope: scopeOf(auth.scope, name),
    };
  if (auth.type === 'token')
    return {type: 'token', authUrl: auth.authUrl, token: auth.token, scope: scopeOf(auth.scope, name)};
  const {credential} = auth;
  const who = 'id' in credential ? {id: credential.id} : {name: credential.name, user: userOf(credential.user)};
  return {type: 'application-credential', authUrl: auth.authUrl, secret: auth.secret, ...who};
}

function userOf(user: UserRef): Named {
  return 'id' in user ? {id: user.id} : {name: user.name, domain: domainOf(user.domain)};
}

function projectOf(project: ProjectRef): Named {
  return 'id' in project ? {id: project.id} : {name: project.name, domain: domainOf(project.domain)};
}

function domainOf(domain: DomainRef): Domain {
  return domain;
}

function scopeOf(scope: Scope, cloud: string): AuthScope {
  switch (scope.type) {
    case 'project':
      return {kind: 'project', project: projectOf(scope.project)};
    case 'domain':
      return {kind: 'domain', domain: domainOf(scope.domain)};
    case 'system':
      return {kind: 'system'};
    case 'trust':
      throw new ImgmgrError('CONFIG', `cloud ${cloud} logs in by a trust, which imgmgr does not do`, {
        hint: 'use a project, or an application credential',
      });
  }
}
