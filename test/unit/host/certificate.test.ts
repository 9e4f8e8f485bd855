import {X509Certificate, createPrivateKey} from 'node:crypto';
import {describe, expect, it} from 'vitest';
import {makeIdentity} from '../../../src/host/certificate.ts';

const HOUR_MS = 3_600_000;

describe('the certificate of a run', () => {
  const now = new Date();
  const {certificate, key} = makeIdentity(['imgmgr.invalid', '192.0.2.7', '2001:db8::7']);
  const read = new X509Certificate(certificate);

  it('names the listener and the addresses that guests call', () => {
    expect(read.subject).toBe('CN=imgmgr.invalid');
    expect(read.checkHost('imgmgr.invalid')).toBe('imgmgr.invalid');
    expect(read.checkIP('192.0.2.7')).toBe('192.0.2.7');
    expect(read.checkIP('2001:db8::7')).toBeDefined();
    expect(read.checkIP('192.0.2.8')).toBeUndefined();
    expect(read.checkHost('example.org')).toBeUndefined();
  });

  it('is signed by its own key, an elliptic one', () => {
    expect(read.verify(read.publicKey)).toBe(true);
    expect(read.checkPrivateKey(createPrivateKey(key))).toBe(true);
    expect(read.publicKey.asymmetricKeyDetails).toMatchObject({namedCurve: 'prime256v1'});
  });

  it('holds from a day ago, for guests whose clocks are late, and ends in two days', () => {
    const [from, to] = [Date.parse(read.validFrom), Date.parse(read.validTo)];
    expect(Math.abs(from - (now.getTime() - 24 * HOUR_MS))).toBeLessThan(HOUR_MS);
    expect(Math.abs(to - (now.getTime() + 48 * HOUR_MS))).toBeLessThan(HOUR_MS);
  });

  it('is another one every time', () => {
    expect(new X509Certificate(makeIdentity(['imgmgr.invalid']).certificate).fingerprint256).not.toBe(
      read.fingerprint256,
    );
  });
});
