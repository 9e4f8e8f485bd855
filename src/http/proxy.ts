import {BlockList, isIP, isIPv6} from 'node:net';
import {ImgmgrError} from '../errors.ts';

/** Environment variables. */
export type ProxyEnv = Readonly<Record<string, string | undefined>>;

/** A proxy that a request goes through. */
export interface Proxy {
  /** As it may be printed. */
  readonly shown: string;
  /** The environment variable that names it. */
  readonly variable: string;
  readonly protocol: 'http' | 'https';
  readonly host: string;
  readonly port: number;
  /** Decoded, as curl does. */
  readonly auth?: {readonly username: string; readonly password: string};
}

/** The proxy for a URL by `HTTP_PROXY`, `HTTPS_PROXY`, `ALL_PROXY` and `NO_PROXY` (lower case first); undefined: straight. Throws CONFIG as {@link checkProxies}. */
export function proxyForUrl(url: string, env: ProxyEnv): Proxy | undefined {
  const target = new URL(url);
  const set = settingFor(target.protocol, env);
  return set === undefined || isExempt(target, env) ? undefined : parse(set);
}

/** Throws CONFIG when a variable that counts names no proxy of http or https. */
export function checkProxies(env: ProxyEnv): void {
  for (const scheme of ['http:', 'https:']) {
    const set = settingFor(scheme, env);
    if (set !== undefined) parse(set);
  }
}

interface Setting {
  readonly variable: string;
  readonly value: string;
}

function settingFor(scheme: string, env: ProxyEnv): Setting | undefined {
  for (const name of [`${scheme.replace(':', '')}_proxy`, 'all_proxy'])
    for (const variable of [name, name.toUpperCase()]) {
      const value = env[variable]?.trim();
      if (value !== undefined && value !== '') return {variable, value};
    }
  return undefined;
}

function parse({variable, value}: Setting): Proxy {
  const scheme = /^([a-z][a-z0-9+.-]*):\/\//i.exec(value)?.[1]?.toLowerCase();
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https')
    throw unusable(variable, `names a proxy of the kind ${scheme}, which imgmgr cannot use`);
  const written = scheme === undefined ? `http://${value}` : value;
  if (!URL.canParse(written)) throw unusable(variable, 'is no address of a proxy');
  const {protocol, hostname, port, username, password} = new URL(written);
  const secure = protocol === 'https:';
  const auth = {username: decoded(username, variable), password: decoded(password, variable)};
  return {
    shown: `${protocol}//${hostname}${port === '' ? '' : `:${port}`}`,
    variable,
    protocol: secure ? 'https' : 'http',
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? 443 : 80) : Number(port),
    ...(username === '' && password === '' ? {} : {auth}),
  };
}

function decoded(text: string, variable: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw unusable(variable, 'has a user or password with a % that begins no code');
  }
}

function unusable(variable: string, what: string): ImgmgrError {
  return new ImgmgrError('CONFIG', `${variable} ${what}`, {
    place: `environment variable ${variable}`,
    hint: 'write http://[user:password@]host:port, user and password percent-encoded, or unset it; IMGMGR_SOURCE_PROXY=off and IMGMGR_CLOUD_PROXY=off go without',
  });
}

/** Whether NO_PROXY exempts the target: `*`, a name (and all names below it), an address, a network in CIDR form, each with an optional port. */
function isExempt({hostname, port, protocol}: URL, env: ProxyEnv): boolean {
  const host = hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');
  const number = port === '' ? (protocol === 'https:' ? '443' : '80') : port;
  const entries = (env['no_proxy'] ?? env['NO_PROXY'] ?? '').toLowerCase().split(/[\s,]+/);
  return entries.some((entry) => matches(entry, {host, port: number}));
}

function matches(entry: string, {host, port}: {readonly host: string; readonly port: string}): boolean {
  if (entry === '' || entry === '*') return entry === '*';
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry);
  const named = isIPv6(entry) ? null : /^([^:]*):(\d+)$/.exec(entry);
  const wantedPort = bracketed?.[2] ?? named?.[2];
  if (wantedPort !== undefined && wantedPort !== port) return false;
  const wanted = bracketed?.[1] ?? named?.[1] ?? entry;
  if (isIP(host) !== 0) return isInside(host, wanted);
  const suffix = wanted.replace(/^\*?\./, '').replace(/\.$/, '');
  return suffix !== '' && (host === suffix || host.endsWith(`.${suffix}`));
}

function isInside(host: string, wanted: string): boolean {
  const family = isIPv6(host) ? 'ipv6' : 'ipv4';
  const [net = '', length] = wanted.split('/');
  if (isIP(net) !== (family === 'ipv6' ? 6 : 4)) return false;
  const most = family === 'ipv6' ? 128 : 32;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : -1;
  if (bits < 0 || bits > most) return false;
  const list = new BlockList();
  list.addSubnet(net, bits, family);
  return list.check(host, family);
}
