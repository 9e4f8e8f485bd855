import {canonicalText} from '../canonical-text.ts';
import {fnv1a} from '../fnv1a.ts';
import {unsignedUrl} from '../public-url.ts';
import type {Definition} from './definition.ts';

/**
 * A hash of everything in a definition that shapes a plan: not of where it stands in its file, and of nothing secret (the password, the
 * signature of an address).
 */
export function definitionHash(definition: Definition): string {
  return fnv1a(
    canonicalText(definition, (value, key) => {
      if (LEFT_OUT.has(key)) return undefined;
      return typeof value === 'string' && value.includes('://') ? unsignedUrl(value) : value;
    }),
  );
}

const LEFT_OUT: ReadonlySet<string> = new Set(['place', 'folder', 'password']);
