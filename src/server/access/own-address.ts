import {X509Certificate} from 'node:crypto';
import {readFileSync} from 'node:fs';
import {isIP} from 'node:net';
import {ImgmgrError} from '../../errors.ts';
import type {ListenChoice} from '../web/listener.ts';
import type {OwnAddress} from './same-origin.ts';

/** True for an address that no other host reaches. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

/** The names under which a server is called that listens there: by `--url`, by its certificate, by its loopback address. */
export function ownAddress({host, port, tls}: ListenChoice, url: URL | undefined): OwnAddress {
  const scheme = url ? schemeOf(url) : tls ? 'https' : 'http';
  const names = [
    ...(tls ? certificateNames(tls.cert) : []),
    ...(isLoopback(host) ? ['127.0.0.1', 'localhost', '[::1]'] : []),
    ...(host === '0.0.0.0' || host === '::' ? [] : [bracketed(host)]),
  ];
  const hosts = names.flatMap((name) => withPort(name.toLowerCase(), port, scheme));
  return {scheme, hosts: new Set([...hosts, ...(url ? [url.host.toLowerCase()] : [])])};
}

/** The address that a person opens: `--url`, else by the first name. */
export function shownAddress(choice: ListenChoice, url: URL | undefined): string {
  if (url) return url.origin;
  const {host, port, tls} = choice;
  const [name = bracketed(host)] = tls && !isLoopback(host) ? certificateNames(tls.cert) : [];
  return `${tls ? 'https' : 'http'}://${name}:${port}`;
}

/** Reads `--url`. USAGE for what is no address of a server. */
export function readUrl(text: string): URL {
  const url = URL.parse(text);
  const isPlain = url?.pathname === '/' && url.search + url.hash + url.username + url.password === '';
  if (url && isPlain && ['http:', 'https:'].includes(url.protocol)) return url;
  throw new ImgmgrError('USAGE', `--url takes the address of this server for browsers, not "${text.slice(0, 200)}"`, {
    hint: 'for example https://images.example.org: no path, the server has its own host name',
  });
}

function schemeOf({protocol}: URL): OwnAddress['scheme'] {
  return protocol === 'https:' ? 'https' : 'http';
}

function withPort(name: string, port: number, scheme: OwnAddress['scheme']): readonly string[] {
  const isUsual = port === (scheme === 'https' ? 443 : 80);
  return isUsual ? [name, `${name}:${port}`] : [`${name}:${port}`];
}

/** As it stands before a port. */
export function bracketed(host: string): string {
  return isIP(host) === 6 ? `[${host}]` : host;
}

/** Names and addresses of the certificate; one for many names (`*.example.org`) says none. */
function certificateNames(path: string): readonly string[] {
  const {subjectAltName = ''} = new X509Certificate(readFileSync(path));
  return subjectAltName.split(', ').flatMap((entry) => {
    const at = entry.indexOf(':');
    const [kind, value] = [entry.slice(0, at), entry.slice(at + 1)];
    if (kind === 'DNS' && !value.includes('*')) return [value];
    return kind === 'IP Address' ? [bracketed(value)] : [];
  });
}
