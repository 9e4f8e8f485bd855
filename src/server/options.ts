import {ImgmgrError} from '../errors.ts';
import {isLoopback, readUrl} from './access/own-address.ts';
import type {ProxyChoice} from './access/proxy.ts';
import type {TlsFiles} from './web/certificate.ts';
import type {ListenChoice} from './web/listener.ts';

/** How the server is started, as the flags say it. */
export interface ServeChoice {
  /** In this order; empty: to be found out. */
  readonly clouds: readonly string[];
  readonly region?: string;
  readonly images: readonly string[];
  readonly config?: string;
  readonly profile?: string;
  readonly bind: Place;
  /** Where it is called by gRPC; absent: it is not. */
  readonly grpcListen?: Place;
  readonly tlsCert?: string;
  readonly tlsKey?: string;
  readonly behindProxy: readonly string[];
  readonly userHeader?: string;
  readonly operators?: string;
  readonly url?: string;
  readonly allowWrite: boolean;
  readonly allowBuild: boolean;
  /** How long runs may go on after SIGTERM; milliseconds. */
  readonly graceMs: number;
}

/** Host and port; port 0: any free one. */
interface Place {
  readonly host: string;
  readonly port: number;
}

/** Where the server listens, and how it is called. */
export interface Placement {
  readonly listen: ListenChoice;
  readonly grpc?: Place;
  readonly proxy?: ProxyChoice;
  readonly url?: URL;
  /** Cookies go over TLS alone. */
  readonly isSecure: boolean;
}

/** USAGE where flags contradict each other, or would send tokens in clear over a network. */
export function placementOf(choice: ServeChoice): Placement {
  const {bind, grpcListen: grpc, url: text, allowWrite, allowBuild} = choice;
  if (allowBuild && !allowWrite)
    throw usage('--allow-build means nothing without --allow-write', 'add --allow-write, or leave both out');
  const tls = tlsOf(choice);
  const proxy = proxyOf(choice);
  const url = text === undefined ? undefined : readUrl(text);
  if (!isLoopback(bind.host) && !tls && !proxy)
    throw usage(
      `--bind ${bind.host} is no address of this host alone, and nothing protects what goes over the network`,
      'add --tls-cert and --tls-key, or --behind-proxy with --user-header, --operators and --url; or bind 127.0.0.1',
    );
  if (grpc) refuseGrpc(grpc, bind, tls !== undefined);
  if (proxy && !url)
    throw usage('--behind-proxy needs --url', 'give the address that browsers call: --url https://images.example.org');
  return {
    listen: {...bind, ...(tls && {tls})},
    ...(grpc && {grpc}),
    ...(proxy && {proxy}),
    ...(url && {url}),
    isSecure: tls !== undefined || url?.protocol === 'https:',
  };
}

function refuseGrpc({host, port}: Place, bind: Place, hasTls: boolean): void {
  if (!isLoopback(host) && !hasTls)
    throw usage(
      `--grpc-listen ${host} is no address of this host alone, and nothing protects what goes over the network`,
      'add --tls-cert and --tls-key (no proxy of --behind-proxy stands before it), or listen on 127.0.0.1',
    );
  if (port !== 0 && port === bind.port && host === bind.host)
    throw usage(`--grpc-listen and --bind both name the port ${port}`, 'gRPC takes a port of its own');
}

function tlsOf({tlsCert: cert, tlsKey: key}: ServeChoice): TlsFiles | undefined {
  if (cert !== undefined && key !== undefined) return {cert, key};
  if (cert === undefined && key === undefined) return undefined;
  throw usage('--tls-cert and --tls-key belong together', 'give both');
}

function proxyOf({behindProxy: from, userHeader: header, operators}: ServeChoice): ProxyChoice | undefined {
  if (from.length === 0 && header === undefined && operators === undefined) return undefined;
  if (from.length === 0 || header === undefined || operators === undefined)
    throw usage(
      '--behind-proxy, --user-header and --operators belong together',
      'give where the proxy calls from, the header that names the user, and the file that names the operators',
    );
  if (!/^[\w-]{1,100}$/.test(header) || UNFIT.has(header.toLowerCase()))
    throw usage(`--user-header ${header} is no header that names a user`, 'for example X-Remote-User');
  return {from, header, operators};
}

/** Headers that every client sends, and those that anybody forges. */
const UNFIT: ReadonlySet<string> = new Set([
  ...['authorization', 'cookie', 'host', 'origin', 'user-agent', 'content-type', 'content-length', 'connection'],
  ...['x-forwarded-for', 'x-forwarded-host', 'forwarded', 'x-real-ip'],
]);

function usage(message: string, hint: string): ImgmgrError {
  return new ImgmgrError('USAGE', message, {hint});
}
