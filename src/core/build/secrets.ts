/** Words in a variable's name that stand for something secret. */
const SECRET_NAME = /PASS(?:WORD|WD|PHRASE)?(?:_|$)|SECRET|TOKEN|CREDENTIAL|PRIVATE_?KEY|API_?KEY|ACCESS_?KEY/;
/** Switches of our own elements that only sound secret. */
const NO_SECRETS = new Set(['DIB_IMGMGR_SSH_PASSWORDS']);

/**
 * Why a variable of a build looks like a secret; undefined when it does not. diskimage-builder writes every `DIB_*` variable into
 * the image (/etc/dib-manifests), and hooks see all of them.
 * https://opendev.org/openstack/diskimage-builder/src/branch/master/diskimage_builder/elements/manifests
 */
export function secretIn(name: string, value: string): string | undefined {
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(value)) return 'holds a private key';
  if (/:\/\/[^/\s:@]+:[^/\s@]+@/.test(value)) return 'holds a URL with a password';
  if (value !== '' && !NO_SECRETS.has(name) && SECRET_NAME.test(name.toUpperCase())) return 'is named like a secret';
  return undefined;
}
