import {ImgmgrError} from '../../errors.ts';
import {wordsOf} from '../answers.ts';

/** Its bytes are needed by volumes or servers (409). */
export function inUse(id: string, error: ImgmgrError): ImgmgrError {
  return new ImgmgrError('IN_USE', `image ${id} is in use: ${error.message}`, {
    ...placeAndCause(error),
    hint: 'volumes or servers still depend on its bytes; it can be deleted when they are gone',
  });
}

/** It is protected against deletion (403). */
export function isProtected(id: string, error: ImgmgrError): ImgmgrError {
  return new ImgmgrError('FORBIDDEN', `image ${id} is protected: ${error.message}`, {
    ...placeAndCause(error),
    hint: `somebody protected it against deletion: openstack image set --unprotect ${id}`,
  });
}

/**
 * A 413 that waiting does not mend: the image has more properties (or tags) than the cloud allows, 128 by default.
 * https://opendev.org/openstack/glance/src/branch/stable/zed/glance/quota/__init__.py (_enforce_image_property_quota)
 */
export function tooManyProperties(
  error: ImgmgrError,
  properties: Readonly<Record<string, string>>,
): ImgmgrError | undefined {
  const what = /number of allowed image (properties|tags)/.exec(wordsOf(error))?.[1];
  if (what === undefined) return undefined;
  const keys = Object.keys(properties);
  const own = keys.filter((key) => key.startsWith('imgmgr_')).length;
  return new ImgmgrError('LIMIT', error.message, {
    ...placeAndCause(error),
    hint:
      what === 'tags'
        ? 'take tags out of the definition, or let the operator of the cloud raise image_tag_quota in glance-api.conf'
        : `the image would have ${keys.length} properties, ${own} of them imgmgr_*: take some out of meta in the definition, or let the operator of the cloud raise image_property_quota in glance-api.conf`,
  });
}

/** The bytes are not what the image says (415). */
export function formatRefused(error: ImgmgrError): ImgmgrError {
  return new ImgmgrError('FORMAT_REFUSED', error.message, {
    ...placeAndCause(error),
    hint: 'the bytes are not of the disk_format that the image says, or the cloud finds them unsafe',
  });
}

/** What an error that takes another's place keeps of it. */
export function placeAndCause(error: ImgmgrError): {place?: string; cause: unknown} {
  return {...(error.place === undefined ? {} : {place: error.place}), cause: error.cause};
}
