import {describe, expect, test} from 'vitest';
import {addressKind} from '../../../src/http/address.ts';

/** How an address of a URL reaches node:net: without brackets, in the notation that the URL parser makes of it. */
function written(host: string): string {
  return new URL(`http://${host}/`).hostname.replace(/^\[|\]$/g, '');
}

describe('S2: a metadata address is known in every notation', () => {
  test.each([
    ['dotted', '169.254.169.254'],
    ['with a dot at its end', '169.254.169.254.'],
    ['decimal', '2852039166'],
    ['hexadecimal', '0xA9FEA9FE'],
    ['octal', '0251.0376.0251.0376'],
    ['mixed, in two parts', '169.0xfea9fe'],
    ['in full-width digits', '１６９.254.169.254'],
    ['percent-encoded', '%31%36%39.254.169.254'],
    ['v4-mapped', '[::ffff:169.254.169.254]'],
    ['v4-mapped in hexadecimal', '[0:0:0:0:0:ffff:a9fe:a9fe]'],
    ['v4-compatible', '[::169.254.169.254]'],
    ['v4-translated', '[::ffff:0:169.254.169.254]'],
    ['NAT64', '[64:ff9b::a9fe:a9fe]'],
    ['NAT64 of local use, /96', '[64:ff9b:1::a9fe:a9fe]'],
    ['NAT64 of local use, /48', '[64:ff9b:1:a9fe:a9:fe00::]'],
    ['NAT64 of local use, /56', '[64:ff9b:1:a9:fe:a9fe::]'],
    ['NAT64 of local use, /64', '[64:ff9b:1:0:a9:fea9:fe00::]'],
    ['6to4', '[2002:a9fe:a9fe::1]'],
    ['Teredo, the client', '[2001:0:505:505:0:0:5601:5601]'],
    ['Teredo, the server', '[2001:0:a9fe:a9fe::1]'],
    ['ISATAP', '[2001:db8::5efe:a9fe:a9fe]'],
    ['ISATAP with the universal bit', '[2001:db8::200:5efe:a9fe:a9fe]'],
  ])('%s', (_, host) => expect(addressKind(written(host))).toBe('metadata'));

  test.each([
    ['any link-local address', '169.254.170.2'],
    ['Alibaba', '100.100.100.200'],
    ['Azure', '168.63.129.16'],
    ['Oracle', '192.0.0.192'],
    ['link-local IPv6', '[fe80::a9fe:a9fe]'],
    ['AWS', '[fd00:ec2::254]'],
    ['Google', '[fd20:ce::254]'],
    ['Oracle over IPv6', '[fd00:c1::a9fe:a9fe]'],
    ['Scaleway', '[fd00:42::42]'],
    ['Azure behind NAT64', '[64:ff9b::168.63.129.16]'],
  ])('%s', (_, host) => expect(addressKind(written(host))).toBe('metadata'));

  test('with the zone that node:net shows', () => expect(addressKind('fe80::1%eth0')).toBe('metadata'));
  test('what is no address is none that may be connected to', () => expect(addressKind('somewhere')).toBe('metadata'));
});

describe('S2: this host and private networks are known', () => {
  test.each([
    '127.0.0.1',
    '127.1',
    '0.0.0.0',
    '0',
    '10.1.2.3',
    '172.31.255.255',
    '192.168.0.1',
    '100.64.0.1',
    '192.0.0.1',
    '198.18.0.1',
    '198.19.255.255',
    '[::ffff:198.18.0.1]',
    '[100::1]',
    '[2001:2::1]',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[::127.0.0.1]',
    '[::ffff:127.0.0.1]',
    '[64:ff9b::10.0.0.1]',
    '[2002:7f00:1::]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fec0::1]',
    '[ff02::1]',
  ])('%s', (host) => expect(addressKind(written(host))).toBe('local'));

  test.each([
    '8.8.8.8',
    '172.32.0.1',
    '100.128.0.1',
    '169.253.1.1',
    '198.20.0.1',
    '[2001:3::1]',
    '[2001:db8::1]',
    '[64:ff9b::8.8.8.8]',
    '[2002:808:808::1]',
    '[2606:4700::1111]',
  ])('%s is public', (host) => expect(addressKind(written(host))).toBe('public'));
});
