import {publicUrl} from '../http.ts';

/** A place as messages show it: no credentials, no signatures; a `-` reads `stdin`. */
export function showUrl(url: string): string {
  if (url === '-') return 'stdin';
  if (url === 'upload:') return 'the upload';
  return url.startsWith('file:') ? url : publicUrl(url);
}
