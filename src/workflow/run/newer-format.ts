import type {Image} from '../../core/image/image.ts';
import {SCHEMA, SCHEMA_PROPERTY} from '../../core/image/record.ts';
import {ImgmgrError} from '../../errors.ts';

/** The NEWER_FORMAT error for an image of this definition. */
export function newerFormat(image: Image, definition: string): ImgmgrError {
  return new ImgmgrError(
    'NEWER_FORMAT',
    `image ${image.id} of ${definition} was written by a later version of imgmgr: ${SCHEMA_PROPERTY} is "${image.properties[SCHEMA_PROPERTY] ?? ''}", this version knows formats up to ${SCHEMA}`,
    {hint: 'nothing of this definition was changed; use the later version of imgmgr for it'},
  );
}
