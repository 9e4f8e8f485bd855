import {ImgmgrError} from '../errors.ts';
import type {ConfigMap} from './config-value.ts';

/**
 * Replaces `{region_name}` and the like by other settings of the same cloud, `{{` and `}}` by single braces, as the SDK does
 * with Python's `str.format`. Throws CONFIG when a setting is not there.
 */
export function fillIn(text: string, settings: ConfigMap, place: string): string {
  return text.replaceAll(/\{\{|\}\}|\{([^{}]*)\}|[{}]/g, (match: string, name: string | undefined) => {
    if (match === '{{' || match === '}}') return match.charAt(0);
    const value = name === undefined || !Object.hasOwn(settings, name) ? undefined : settings[name];
    if (typeof value === 'string') return value;
    throw new ImgmgrError('CONFIG', `nothing to put in the place of ${name === undefined ? match : `{${name}}`}`, {
      place,
      hint: 'name a setting of the same cloud, such as {region_name}, or double the braces',
    });
  });
}
