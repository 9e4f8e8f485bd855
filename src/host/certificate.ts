import {createHash, generateKeyPairSync, randomBytes, sign} from 'node:crypto';
import {isIPv4, isIPv6} from 'node:net';

/** A certificate with its key, both PEM. */
export interface Identity {
  readonly certificate: string;
  readonly key: string;
}

const HOUR_MS = 3_600_000;
/** A guest whose clock is wrong by less than this still gets through to say so. */
const BEFORE_MS = 24 * HOUR_MS;
const AFTER_MS = 48 * HOUR_MS;

const ECDSA_WITH_SHA256 = sequence(oid('2a8648ce3d040302'));
const COMMON_NAME = oid('550403');
const SERVER_AUTH = oid('2b06010505070301');

/**
 * A self-signed EC P-256 certificate for a server with these names and addresses, good from a day ago for three days; the first name
 * is its subject. It is marked as its own authority, since OpenSSL, GnuTLS and Python take only such a one as trust anchor.
 */
export function makeIdentity(names: readonly string[], now = new Date()): Identity {
  const {publicKey, privateKey} = generateKeyPairSync('ec', {namedCurve: 'P-256'});
  const subjectKey = publicKey.export({type: 'spki', format: 'der'});
  const name = sequence(tlv(0x31, sequence(COMMON_NAME, tlv(0x0c, Buffer.from(names[0] ?? '')))));
  const body = sequence(
    tlv(0xa0, Buffer.from([2, 1, 2])),
    // First bit clear, so that the number is positive, second set, so that it has no leading zeros.
    tlv(0x02, Buffer.from([0x40]), randomBytes(15)),
    ECDSA_WITH_SHA256,
    name,
    sequence(utcTime(now.getTime() - BEFORE_MS), utcTime(now.getTime() + AFTER_MS)),
    name,
    subjectKey,
    tlv(0xa3, sequence(...extensions(names, createHash('sha1').update(subjectKey).digest()))),
  );
  const certificate = sequence(body, ECDSA_WITH_SHA256, bitString(sign('sha256', body, privateKey)));
  return {certificate: pem(certificate), key: privateKey.export({type: 'pkcs8', format: 'pem'}).toString()};
}

function extensions(names: readonly string[], keyId: Buffer): Buffer[] {
  const yes = tlv(0x01, Buffer.from([0xff]));
  const extension = (id: string, value: Buffer, ...critical: Buffer[]) =>
    sequence(oid(id), ...critical, tlv(0x04, value));
  return [
    extension('551d13', sequence(yes), yes),
    // digitalSignature and keyCertSign; two unused bits.
    extension('551d0f', tlv(0x03, Buffer.from([2, 0x84])), yes),
    extension('551d25', sequence(SERVER_AUTH)),
    extension('551d0e', tlv(0x04, keyId)),
    extension('551d23', sequence(tlv(0x80, keyId))),
    extension('551d11', sequence(...names.map(generalName))),
  ];
}

function generalName(name: string): Buffer {
  if (isIPv4(name)) return tlv(0x87, Buffer.from(name.split('.').map(Number)));
  if (isIPv6(name)) return tlv(0x87, ipv6Bytes(name));
  return tlv(0x82, Buffer.from(name, 'ascii'));
}

function ipv6Bytes(address: string): Buffer {
  // URL writes any IPv6 address in its shortest form, without an IPv4 tail.
  const [head = '', tail] = new URL(`http://[${address.replace(/%.*/, '')}]`).hostname.slice(1, -1).split('::');
  const groups = (part: string | undefined) => (part ? part.split(':') : []);
  const [left, right] = [groups(head), groups(tail)];
  const middle = Array<string>(8 - left.length - right.length).fill('0');
  return Buffer.from([...left, ...middle, ...right].map((group) => group.padStart(4, '0')).join(''), 'hex');
}

/** `YYMMDDhhmmssZ`, which is what X.509 wants until 2049. */
function utcTime(ms: number): Buffer {
  const digits = new Date(ms).toISOString().replace(/[-:T]|\..*/g, '');
  return tlv(0x17, Buffer.from(`${digits.slice(2)}Z`));
}

function oid(hex: string): Buffer {
  return tlv(0x06, Buffer.from(hex, 'hex'));
}

function bitString(bytes: Buffer): Buffer {
  return tlv(0x03, Buffer.from([0]), bytes);
}

function sequence(...parts: readonly Buffer[]): Buffer {
  return tlv(0x30, ...parts);
}

function tlv(tag: number, ...parts: readonly Buffer[]): Buffer {
  const {length} = Buffer.concat(parts);
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, Math.floor(length / 0x100), length % 0x100];
  return Buffer.concat([Buffer.from([tag, ...size]), ...parts]);
}

function pem(der: Buffer): string {
  const lines = der.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`;
}
