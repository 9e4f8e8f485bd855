import {describe, expect, it} from 'vitest';
import {secretIn} from '../../../../src/core/build/secrets.ts';

describe('a variable of a build', () => {
  it.each([
    ['DIB_DEV_USER_PASSWORD', 'x', 'is named like a secret'],
    ['DIB_ROOT_PASSWD', 'x', 'is named like a secret'],
    ['REGISTRY_TOKEN', 'x', 'is named like a secret'],
    ['dib_api_key', 'x', 'is named like a secret'],
    ['DIB_AWS_SECRET', 'x', 'is named like a secret'],
    ['DIB_KEY', '-----BEGIN OPENSSH PRIVATE KEY-----\nabc', 'holds a private key'],
    ['DIB_DISTRIBUTION_MIRROR', 'http://me:hunter2@mirror.example/debian', 'holds a URL with a password'],
  ])('%s=%s %s', (name, value, why) => {
    expect(secretIn(name, value)).toBe(why);
  });

  it.each([
    ['DIB_RELEASE', 'bookworm'],
    ['DIB_IMGMGR_SSH_PASSWORDS', '1'],
    ['DIB_IMGMGR_SSH_KEYS', 'ssh-ed25519 AAAA me'],
    ['DIB_DISTRIBUTION_MIRROR', 'http://mirror.example:8080/debian'],
    ['DIB_APT_KEYRING', '/usr/share/keyrings/x.gpg'],
    ['DIB_DEV_USER_PASSWORD', ''],
  ])('%s=%s is no secret', (name, value) => {
    expect(secretIn(name, value)).toBeUndefined();
  });
});
