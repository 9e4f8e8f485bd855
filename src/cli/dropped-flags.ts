const SHARING =
  'write "share: {projects: [ID], domains: [NAME]}" and "visibility: shared" into the definition of the image';

/**
 * Flags of the peer that imgmgr does not have, each with what to do instead. `openstack-image-manager` documents them at
 * https://github.com/osism/openstack-image-manager/blob/main/README.md
 */
export const DROPPED_FLAGS: Readonly<Record<string, string>> = {
  '--use-os-hidden':
    'os_hidden is used anyway: --hide sets it on superseded images; "hidden:" of a version hides a new one',
  '--check': 'definitions are always checked before the login: leave it out',
  '--no-check': 'definitions are always checked; other keys belong into "meta", which is open',
  '--check-only': 'use "imgmgr validate", which judges the definitions without a cloud',
  '--check-age': 'use "imgmgr dry-run": it shows which images lag behind their definitions',
  '--max-age': 'use "imgmgr dry-run": it shows which images lag behind their definitions',
  '--share-image': SHARING,
  '--share-target': SHARING,
  '--share-type': SHARING,
  '--share-domain': SHARING,
  '--share-action': SHARING,
};
