import type {Diagnosis} from '../../core/doctor.ts';
import {doubtful, failure, shortcoming, sizeText, untried, well} from '../../core/doctor.ts';
import {MANAGED_TAG} from '../../core/image/stamp.ts';
import {momentText} from '../../core/time-text.ts';
import {asImgmgrError, ImgmgrError} from '../../errors.ts';
import type {Visibility} from '../../core/image/image.ts';
import type {Check} from '../../ports/doctor.ts';
import type {CloudPorts} from '../types.ts';
import {SOON_MS} from '../log-in.ts';
import type {TestNeeds} from './test-checks.ts';
import {testChecks} from './test-checks.ts';

/** What a cloud is looked at for. */
export interface CloudNeeds extends TestNeeds {
  /** Visibilities of enabled definitions; absent: no definitions could be read. */
  readonly visibilities?: ReadonlySet<Visibility>;
}

/** The login, on which everything else depends. */
export function loginCheck({store}: Pick<CloudPorts, 'store'>): Check {
  return {
    id: 'login',
    look: async () => {
      const {userName, projectName, projectId, roles, region, otherRegions = []} = await store.account();
      if (!store.mayCreate) return well(`images of ${store.cloud} are kept on this host`);
      const where = region === undefined ? '' : `, region ${region}`;
      const who = `logged in as ${userName}, project ${projectName} (${projectId})${where}`;
      const having = roles.length === 0 ? undefined : `roles: ${roles.join(', ')}`;
      if (otherRegions.length === 0) return well(who, having);
      return doubtful(who, {
        reason: `no region was chosen, and there are ${otherRegions.join(', ')}, too`,
        remedy: 'choose one with --region or OS_REGION_NAME, or write region_name into clouds.yaml',
      });
    },
  };
}

/** Everything besides the login that can be seen of a cloud without making anything there. */
export function cloudChecks(ports: CloudPorts, needs: CloudNeeds): readonly Check[] {
  const {store} = ports;
  const hasRights = store.mayCreate !== undefined;
  let asked: ReturnType<typeof listing> | undefined;
  const list = (): ReturnType<typeof listing> => (asked ??= listing(ports));
  // A right is asked for with the id of an image: without a listing there is none.
  const whereListed =
    (look: () => Promise<Diagnosis>): (() => Promise<Diagnosis>) =>
    async () =>
      list().then(look, () => untried('not known, since images cannot be listed', {}));
  return [
    ...(store.credentialExpiry ? [{id: 'credential', look: () => credential(ports)}] : []),
    {id: 'images', look: list},
    ...(hasRights ? [{id: 'create', look: whereListed(() => mayCreate(ports))}] : []),
    ...(hasRights
      ? OFFERED.map((visibility) => ({
          id: visibility,
          look: whereListed(() => mayOffer(visibility, ports, needs)),
        }))
      : []),
    {id: 'methods', look: () => methods(ports)},
    {id: 'quota', look: () => quota(ports)},
    ...testChecks(ports, needs),
    ...(hasRights ? [{id: 'in-use', look: () => inUse(ports)}] : []),
  ];
}

const OFFERED: readonly Visibility[] = ['public', 'community'];

async function credential({store}: CloudPorts): Promise<Diagnosis> {
  const remedy = 'make a new one, and put its id and secret into clouds.yaml before that';
  let expiry: Date | undefined;
  try {
    expiry = await store.credentialExpiry?.();
  } catch (error) {
    const {code, message} = asImgmgrError(error);
    if (code !== 'FORBIDDEN' && code !== 'NOT_FOUND') throw error;
    return untried('Keystone does not say when the application credential ends', {
      reason: message,
      remedy: 'openstack application credential show ID',
    });
  }
  if (!expiry) return well('the login has no end of its own');
  const leftMs = expiry.getTime() - store.now().getTime();
  const fact = `the application credential ends at ${momentText(expiry.getTime())}`;
  return leftMs > SOON_MS ? well(fact) : doubtful(fact, {reason: 'that is within 14 days', remedy});
}

async function listing({store}: CloudPorts): Promise<Diagnosis> {
  const images = await store.listTagged(MANAGED_TAG);
  return well(`images are listed; ${images.length} carry the tag ${MANAGED_TAG}`);
}

async function mayCreate({store}: CloudPorts): Promise<Diagnosis> {
  const may = await store.mayCreate?.('private');
  if (may === undefined) return notKnown('whether this account may make images');
  if (may) return well('may make images');
  return failure(
    new ImgmgrError('FORBIDDEN', 'this account may not make images', {
      hint: 'give it a role that may (Glance: add_image); imgmgr doctor --policy prints the rules of a role of its own',
    }),
  );
}

async function mayOffer(visibility: Visibility, {store}: CloudPorts, {visibilities}: CloudNeeds): Promise<Diagnosis> {
  const rule = visibility === 'public' ? 'publicize_image' : 'communitize_image';
  const may = await store.mayCreate?.(visibility);
  if (may === undefined) return notKnown(`whether this account may make ${visibility} images`);
  if (may) return well(`may make ${visibility} images`);
  const refusal = new ImgmgrError('FORBIDDEN', `this account may not make ${visibility} images`, {
    hint: `use an account that may (Glance: ${rule}); imgmgr doctor --policy prints the rules of a role of its own`,
  });
  if (visibilities?.has(visibility) === true)
    return {...failure(refusal), reason: `definitions have visibility: ${visibility}`};
  return shortcoming(refusal, `definitions with visibility: ${visibility} cannot be published here`);
}

function notKnown(what: string): Diagnosis {
  return untried(`${what} is not known`, {
    reason: 'it is asked with the id of an image that is there, and this account sees none',
    remedy: 'run doctor again when there is an image; imgmgr import --no-publish makes a private one',
  });
}

async function methods({store}: CloudPorts): Promise<Diagnosis> {
  const {methods: offered, stores, copyImage} = await store.offer();
  const names = stores.map(({id, isDefault}) => (isDefault ? `${id} (default)` : id));
  const where = names.length === 0 ? '' : `; stores: ${names.join(', ')}`;
  const fact = `import methods: ${offered.join(', ')}${copyImage ? ', copy-image' : ''}${where}`;
  if (!store.mayCreate || offered.includes('web-download') || offered.includes('glance-direct')) return well(fact);
  return well(fact, 'every byte goes through this host, since the cloud offers no import');
}

async function quota({store}: CloudPorts): Promise<Diagnosis> {
  const {bytesLeft, imagesLeft, disk} = await store.quota();
  const left = [
    ...(imagesLeft === undefined ? [] : [`${imagesLeft} more images`]),
    ...(bytesLeft === undefined
      ? []
      : [disk === undefined ? sizeText(bytesLeft) : `${sizeText(bytesLeft)} in ${disk}`]),
  ];
  if (left.length === 0) return well('the cloud tells of no quota of images');
  const fact = `room for ${left.join(', ')}`;
  if ((imagesLeft ?? 1) > 0 && (bytesLeft ?? 1) > 0) return well(fact);
  return failure(
    new ImgmgrError('QUOTA', `the quota of images is used up: ${fact}`, {
      hint: 'raise the quota, or delete superseded images (imgmgr delete)',
    }),
  );
}

/** No image has this id; what is asked is whether the answer would be whole. */
const NO_IMAGE = '00000000-0000-4000-8000-000000000000';

async function inUse({servers}: CloudPorts): Promise<Diagnosis> {
  const use = (await servers.imageUses({ids: [NO_IMAGE]})).get(NO_IMAGE);
  if (use?.kind === 'no-service') return well('there is no compute service, so no server uses an image');
  if (use?.kind !== 'unknown') return well('may list the servers of all projects, and every cell answers');
  return doubtful(use.reason, {reason: 'images that were published are not deleted here', remedy: use.hint});
}
